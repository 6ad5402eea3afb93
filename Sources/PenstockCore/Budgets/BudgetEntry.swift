/// One budget's account, kept like double entry: an amount only ever moves from one place to another.
///
/// Law (G2), over the windows that count now: settled + out + unallocated = ceiling + debt + overcommitted, and nothing
/// is negative. `out` is what slices hold: unspent, and holds at their maximum.
package struct BudgetEntry: Hashable, Sendable {
    package let unit: String
    package var parent: BudgetKey?
    package let window: BudgetWindow
    package var maxOut: Int64
    package private(set) var ceiling: Int64
    package private(set) var unallocated: Int64
    /// What is out or spent above the ceiling since it was lowered, or since a debt was accepted.
    package private(set) var overcommitted: Int64 = 0
    /// Those that count and those that slices are still out from, oldest first; the last one is open.
    package private(set) var windows: [Window] = []
    /// Who holds how much of it, by the account's number.
    package internal(set) var holders: [Holder: Int64] = [:]
    /// Debts charged here that no operator has decided on, and those of them that exceed the ceiling: while there is
    /// one of these, nothing more is handed out.
    package var openDebts: Set<Position> = []
    package var exceeding: Set<Position> = []
    package var isClosed = false

    package init(
        unit: String, parent: BudgetKey?, window: BudgetWindow, maxOut: Int64, ceiling: Int64, unallocated: Int64,
        overcommitted: Int64, windows: [Window], holders: [Holder: Int64], openDebts: Set<Position>,
        exceeding: Set<Position>, isClosed: Bool
    ) {
        self.unit = unit
        self.parent = parent
        self.window = window
        self.maxOut = maxOut
        self.ceiling = ceiling
        self.unallocated = unallocated
        self.overcommitted = overcommitted
        self.windows = windows
        self.holders = holders
        self.openDebts = openDebts
        self.exceeding = exceeding
        self.isClosed = isClosed
    }

    init(unit: String, ceiling: Int64, parent: BudgetKey? = nil, window: BudgetWindow = .none, maxOut: Int64 = 0) {
        self.unit = unit
        self.ceiling = ceiling
        self.parent = parent
        self.window = window
        self.maxOut = maxOut
        unallocated = ceiling
        if window == .none { windows = [Window(number: 0, start: .min, end: .max)] }
    }

    package var settled: Int64 { windows.reduce(0) { $1.counts ? $0 + $1.settled : $0 } }
    package var debt: Int64 { windows.reduce(0) { $1.counts ? $0 + $1.debt : $0 } }
    /// Of all windows: what was drawn in an old one may still be out.
    package var out: Int64 { windows.reduce(0) { $0 + $1.out } }
    /// The part of `out` that counts against the ceiling no more.
    package var outOfEnded: Int64 { windows.reduce(0) { $1.counts ? $0 : $0 + $1.out } }
    package var isFrozen: Bool { !exceeding.isEmpty }
    /// Its slices are wanted back.
    var isPressed: Bool { isFrozen || isClosed || overcommitted > 0 }
    /// The window that slices are drawn in; nil before the first one is opened.
    package var current: Window? { windows.last }

    /// What a slice may take of it now.
    package var room: Int64 {
        let room = min(unallocated, chargeable)
        return maxOut > 0 ? min(room, max(0, maxOut - out)) : room
    }

    /// What one call could get of it at most: if all came back that is out, and nothing else were asked for.
    package var couldGet: Int64 {
        let most = min(max(0, unallocated - overcommitted + out - outOfEnded), Limits.amount)
        return maxOut > 0 ? min(most, maxOut) : most
    }

    /// What is out at one node.
    func outHere(_ incarnation: Incarnation) -> Int64 {
        holders.reduce(0) { $1.key.incarnation == incarnation ? $0 + $1.value : $0 }
    }

    /// How much more can be charged before `Limits.sum` is reached. Windows that count no more, but have something out,
    /// are part of it: a node that never reports could make any number of them.
    private var chargeable: Int64 {
        windows.reduce(Limits.sum) { max(0, $0 - $1.settled - $1.out) }
    }

    // MARK: Moves

    mutating func draw(_ amount: Int64, by holder: Holder) throws(Imbalance) {
        guard !windows.isEmpty else { throw Imbalance("a slice was drawn with no window open") }
        unallocated -= amount
        windows[windows.count - 1].out += amount
        holders[holder, default: 0] += amount
        try check()
    }

    mutating func settle(_ amount: Int64, in number: UInt64, by holder: Holder) throws(Imbalance) {
        try leave(amount, number, holder) { $0.settled += amount }
        try check()
    }

    /// What a slice did not spend goes back to the window it was drawn in.
    mutating func giveBack(_ amount: Int64, in number: UInt64, by holder: Holder) throws(Imbalance) {
        let counts = windows.first { $0.number == number }?.counts ?? false
        try leave(amount, number, holder) { _ in }
        if counts { free(amount) }
        try check()
    }

    private mutating func leave(_ amount: Int64, _ number: UInt64, _ holder: Holder, _ change: (inout Window) -> Void)
        throws(Imbalance)
    {
        guard let index = windows.firstIndex(where: { $0.number == number }) else {
            throw Imbalance("window \(number) is not there")
        }
        windows[index].out -= amount
        change(&windows[index])
        let left = (holders[holder] ?? 0) - amount
        guard left >= 0, windows[index].out >= 0 else { throw Imbalance("more came back than was out") }
        holders[holder] = left == 0 ? nil : left
        dropDead()
    }

    /// What was spent in windows that this one leaves behind counts no more.
    mutating func open(_ opening: WindowOpening) throws(Imbalance) {
        for index in windows.indices
        where windows[index].counts && windows[index].end + window.lookback <= opening.start {
            windows[index].counts = false
            free(windows[index].settled + windows[index].out - windows[index].debt)
        }
        windows.append(Window(number: opening.number, start: opening.start, end: opening.end))
        dropDead()
        try check()
    }

    /// Charges real cost above a hold: to what is unallocated, as far as that goes. What is spent above the ceiling,
    /// and its tolerance, is debt and freezes; what only slices stand in the way of is overcommitted until they come
    /// back.
    mutating func owe(_ amount: Int64, tolerance: Int64) throws(Imbalance) -> Owed {
        guard !windows.isEmpty else { throw Imbalance("a debt came with no window open") }
        // Less than the debt only where the account reaches `Limits.sum` by it.
        let charged = min(amount, chargeable)
        let last = windows.count - 1
        windows[last].settled += charged
        let exceeds = settled - ceiling > tolerance
        let covered = min(charged, unallocated)
        unallocated -= covered
        if exceeds { windows[last].debt += charged - covered } else { overcommitted += charged - covered }
        try check()
        return Owed(charged: charged, debt: exceeds ? charged - covered : 0, exceeds: exceeds)
    }

    /// An operator decides what a debt comes to: what was charged beyond that goes back, and no more of it is debt.
    mutating func settle(debt: Int64, of charged: Int64, at most: Int64, in number: UInt64) throws(Imbalance) {
        guard let index = windows.firstIndex(where: { $0.number == number }) else { return }
        let back = charged - min(charged, most)
        let forgiven = min(back, debt)
        windows[index].settled -= back
        windows[index].debt -= debt
        if windows[index].counts {
            free(back - forgiven)
            claim(debt - forgiven)
        }
        try check()
    }

    mutating func setCeiling(_ new: Int64) throws(Imbalance) {
        let change = new - ceiling
        ceiling = new
        if change > 0 { free(change) } else { claim(-change) }
        try check()
    }

    private mutating func free(_ amount: Int64) {
        let covered = min(amount, overcommitted)
        overcommitted -= covered
        unallocated += amount - covered
    }

    private mutating func claim(_ amount: Int64) {
        let taken = min(amount, unallocated)
        unallocated -= taken
        overcommitted += amount - taken
    }

    private mutating func dropDead() {
        windows.removeAll { !$0.counts && $0.out == 0 }
    }

    func check() throws(Imbalance) {
        var (charged, owed) = (Int64(0), Int64(0))
        for window in windows {
            if min(window.settled, window.out, window.debt) < 0 {
                throw Imbalance("window \(window.number) has a negative part: \(window)")
            }
            guard window.counts else { continue }
            charged += window.settled + window.out
            owed += window.debt
        }
        guard charged + unallocated == ceiling + owed + overcommitted, unallocated >= 0, overcommitted >= 0 else {
            throw Imbalance(
                """
                \(charged) charged + \(unallocated) unallocated ≠ \(ceiling) ceiling + \(owed) debt + \
                \(overcommitted) overcommitted
                """
            )
        }
    }

    /// G2 does not hold: whoever finds it must not go on.
    package struct Imbalance: Error, Equatable, CustomStringConvertible {
        package var description: String
        init(_ description: String) { self.description = "G2: " + description }
    }
}
