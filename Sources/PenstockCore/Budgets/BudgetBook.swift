/// Who may still spend what. Every slice is debited at every level it draws on before its holder hears of it, and
/// only the holder's own report, its journal, or an operator gives anything back: time never does.
///
/// The law that each entry keeps (G2) is checked after every move; a ledger in which it fails must not go on.
package struct BudgetBook: Sendable {
    package internal(set) var entries: [BudgetKey: BudgetEntry] = [:]
    package internal(set) var open: [Position: OpenSlice] = [:]
    package internal(set) var debts: [Position: OwedDebt] = [:]
    var debtOf: [DebtName: Position] = [:]
    /// How many slices and debts are open, by incarnation.
    var openOf: [Incarnation: (slices: Int, debts: Int)] = [:]
    /// The accounts of each grant that had slices.
    var accounts: [String: [Int64]] = [:]
    /// Numbered in the order in which they came. No number comes again.
    var accountNames: [Int64: Account] = [:]
    var lastAccount: Int64 = -1
    /// How many slices of each grant are open.
    var openOfGrant: [String: Int] = [:]
    /// Where open slices are, by their nodes and by the budgets that they are drawn on.
    var openAt: [String: OrderedPositions] = [:]
    var openOn: [BudgetKey: OrderedPositions] = [:]
    /// Budgets whose slices are wanted back: frozen, or with more out than their ceiling.
    package internal(set) var pressed: Set<BudgetKey> = []
    /// What each of the last requests got: one that comes again, however late, gets no other slices.
    var byRequest: [Incarnation: [(position: Position, slice: Slice)]] = [:]
    var requestsByAge: [Incarnation] = []
    /// Grows with everything that may let a waiting request be met.
    package internal(set) var returns: UInt64 = 0

    struct DebtName: Hashable {
        var incarnation: Incarnation
        var decision: UInt64
    }

    package init() {}

    package mutating func create(_ budget: Budget) {
        let parent: BudgetKey? = budget.parent.isEmpty ? nil : .named(budget.parent)
        entries[.named(budget.name)] = BudgetEntry(
            unit: budget.unit, ceiling: budget.ceiling, parent: parent, window: budget.window, maxOut: budget.maxOut)
    }

    /// What was drawn on the parents of before stays theirs.
    package mutating func change(_ change: BudgetChange) {
        let key = BudgetKey.named(change.name)
        if let parent = change.parent { entries[key]?.parent = parent.isEmpty ? nil : .named(parent) }
        if let most = change.maxOut { entries[key]?.maxOut = most }
        returns += 1
    }

    package mutating func close(budget name: String) {
        entries[.named(name)]?.isClosed = true
        press(.named(name))
        returns += 1
    }

    package mutating func issue(_ grant: Grant) {
        for budget in grant.budgets {
            entries[.grant(grant.grantID, unit: budget.unit)] = BudgetEntry(unit: budget.unit, ceiling: budget.value)
        }
    }

    package mutating func open(_ opening: WindowOpening) throws(BudgetEntry.Imbalance) {
        try entries[.named(opening.budget)]?.open(opening)
        press(.named(opening.budget))
        returns += 1
    }

    package mutating func setCeiling(_ key: BudgetKey, _ ceiling: Int64) throws(BudgetEntry.Imbalance) {
        try entries[key]?.setCeiling(ceiling)
        press(key)
        returns += 1
    }

    // MARK: Slices

    /// The slices that a request got before, when it is repeated.
    package func slices(forRequest id: Incarnation) -> [(position: Position, slice: Slice)] { byRequest[id] ?? [] }

    /// - Parameter levels: every budget that the slice is drawn on, each once.
    package mutating func reserve(_ slice: Slice, levels: [BudgetKey], at position: Position) throws(BudgetEntry
        .Imbalance)
    {
        let account = number(of: slice)
        let holder = BudgetEntry.Holder(incarnation: slice.incarnation, account: account)
        var drawn: [Level] = []
        for key in levels {
            try entries[key]!.draw(slice.amount, by: holder)
            drawn.append(Level(key: key, window: entries[key]!.current!.number))
        }
        opened(OpenSlice(slice: slice, levels: drawn, account: account), at: position)
        remember(slice, at: position)
    }

    private mutating func remember(_ slice: Slice, at position: Position) {
        if byRequest[slice.requestID] == nil { requestsByAge.append(slice.requestID) }
        byRequest[slice.requestID, default: []].append((position, slice))
        guard requestsByAge.count >= 2 * Limits.requestsRemembered else { return }
        for old in requestsByAge.prefix(Limits.requestsRemembered) { byRequest[old] = nil }
        requestsByAge.removeFirst(Limits.requestsRemembered)
    }

    /// Takes cumulative figures: smaller ones than were known change nothing. A slice of which all is spent or given
    /// back is closed.
    package mutating func report(_ use: SliceReport.Use) throws(BudgetEntry.Imbalance) {
        guard var slice = open[use.slice] else { return }
        let spent = max(0, min(use.used, slice.slice.amount - slice.returned) - slice.used)
        slice.used += spent
        let back = max(0, min(use.returned, slice.slice.amount - slice.used) - slice.returned)
        slice.returned += back
        slice.held = min(max(0, use.held), slice.unspent)
        let holder = BudgetEntry.Holder(incarnation: slice.slice.incarnation, account: slice.account)
        for level in slice.levels {
            if spent > 0 { try entries[level.key]!.settle(spent, in: level.window, by: holder) }
            if back > 0 { try entries[level.key]!.giveBack(back, in: level.window, by: holder) }
            press(level.key)
        }
        if back > 0 || spent > 0 { returns += 1 }
        if slice.unspent > 0 { open[use.slice] = slice } else { closed(slice, at: use.slice) }
    }

    mutating func count(_ incarnation: Incarnation, _ change: (inout (slices: Int, debts: Int)) -> Void) {
        guard var open = openOf[incarnation] else { return }
        change(&open)
        openOf[incarnation] = open == (0, 0) ? nil : open
    }

    func openSlices(of incarnation: Incarnation) -> Int { openOf[incarnation]?.slices ?? 0 }

    func openDebts(of incarnation: Incarnation) -> Int { openOf[incarnation]?.debts ?? 0 }

    /// Whether slices or debts of an incarnation are open.
    func isOpen(_ incarnation: Incarnation) -> Bool { openOf[incarnation] != nil }

    /// What its holder did not use goes back to every level.
    package mutating func close(_ use: SliceReport.Use) throws(BudgetEntry.Imbalance) {
        guard let slice = open[use.slice] else { return }
        try report(.init(slice: use.slice, used: use.used, returned: slice.slice.amount - max(use.used, slice.used)))
    }

    // MARK: Debts

    /// Charges a debt to the windows that are open now. One that was told before changes nothing.
    ///
    /// - Parameters:
    ///   - levels: of each of its amounts, every budget that it is drawn on.
    ///   - freezes: the grant waits for an operator. A debt that freezes nothing is settled as it was reported.
    package mutating func owe(
        _ debt: Debt, levels: [[BudgetKey]], tolerance: DebtTolerance = .none, freezes: Bool = true,
        at position: Position
    ) throws(BudgetEntry.Imbalance) {
        let name = DebtName(incarnation: debt.incarnation, decision: debt.decision)
        guard debtOf[name] == nil else { return }
        debtOf[name] = position
        var charges: [Charge] = []
        var isOpen = freezes
        for (part, levels) in levels.enumerated() {
            let amount = debt.amounts[part]
            for key in levels where entries[key]!.current != nil {
                let owed = try entries[key]!.owe(
                    amount.value, tolerance: tolerance.of(amount.unit, ceiling: entries[key]!.ceiling))
                if owed.exceeds {
                    entries[key]!.exceeding.insert(position)
                    isOpen = true
                }
                charges.append(
                    Charge(
                        level: Level(key: key, window: entries[key]!.current!.number), part: part, amount: owed.charged,
                        debt: owed.debt))
            }
        }
        debts[position] = OwedDebt(debt: debt, charges: charges, isAccepted: !isOpen)
        for charge in charges {
            if isOpen { entries[charge.level.key]!.openDebts.insert(position) }
            press(charge.level.key)
        }
        returns += 1
        if isOpen { openOf[debt.incarnation, default: (0, 0)].debts += 1 }
    }

    func knows(_ debt: Debt) -> Bool { debtOf[DebtName(incarnation: debt.incarnation, decision: debt.decision)] != nil }

    /// - Parameter charged: what an operator puts in place of each of its amounts; nil for what was reported.
    package mutating func accept(debt position: Position, charged: [Amount]? = nil) throws(BudgetEntry.Imbalance) {
        guard let owed = debts[position], !owed.isAccepted else { return }
        debts[position]!.isAccepted = true
        count(owed.debt.incarnation) { $0.debts -= 1 }
        for charge in owed.charges {
            let unit = owed.debt.amounts[charge.part].unit
            let most = charged.map { $0.first { $0.unit == unit }?.value ?? 0 } ?? .max
            try entries[charge.level.key]!.settle(
                debt: charge.debt, of: charge.amount, at: most, in: charge.level.window)
            entries[charge.level.key]!.openDebts.remove(position)
            entries[charge.level.key]!.exceeding.remove(position)
            press(charge.level.key)
        }
        returns += 1
    }

    mutating func press(_ key: BudgetKey) {
        guard let entry = entries[key] else { return }
        if entry.isPressed { pressed.insert(key) } else if !pressed.isEmpty { pressed.remove(key) }
    }

    // MARK: Questions

    /// Who has slices of any of these budgets.
    func holders(of keys: Set<BudgetKey>) -> Set<Ledger.Recall> {
        keys.reduce(into: []) { holders, key in
            for holder in entries[key]?.holders.keys ?? [:].keys {
                // No account is forgotten of which something is out.
                let account = accountNames[holder.account]!
                holders.insert(
                    Ledger.Recall(incarnation: holder.incarnation, grantID: account.grant, unit: account.unit))
            }
        }
    }
}
