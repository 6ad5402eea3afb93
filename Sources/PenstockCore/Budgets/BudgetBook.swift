/// Who may still spend what. Every slice is debited at every level it draws on before its holder hears of it, and
/// only the holder's own report, or its journal, gives anything back: time never does.
///
/// Law (G2), for every budget after every event: settled + out + unallocated = ceiling, and none is negative.
/// `out` is the unspent part of open slices, holds included.
package struct BudgetBook: Sendable {
    /// A grant's own budget, or one that has a name.
    package enum Key: Hashable, Sendable {
        case grant(String, unit: String)
        case named(String)
    }

    package struct Entry: Hashable, Sendable {
        package var unit: String
        package var ceiling: Int64
        package var settled: Int64 = 0
        package var out: Int64 = 0
        package var parent: Key?
        package var unallocated: Int64 { ceiling - settled - out }
    }

    package struct OpenSlice: Hashable, Sendable {
        package var slice: Slice
        package var used: Int64
        package var levels: [Key]
    }

    package private(set) var entries: [Key: Entry] = [:]
    package private(set) var open: [Position: OpenSlice] = [:]
    /// Which budgets a grant's unit draws on: its own first, then named ones with their parents.
    private var draws: [String: [String]] = [:]
    /// What each delegated grant was delegated from.
    private var parents: [String: String] = [:]
    /// What each of the last requests got: one that comes again, however late, gets no other slice.
    private var byRequest: [Incarnation: (Position, Slice)] = [:]
    private var requestsByAge: [Incarnation] = []

    package init() {}

    package mutating func create(_ budget: Budget) {
        let parent: Key? = budget.parent.isEmpty ? nil : .named(budget.parent)
        entries[.named(budget.name)] = Entry(unit: budget.unit, ceiling: budget.ceiling, parent: parent)
    }

    package mutating func issue(_ grant: Grant) {
        for budget in grant.budgets {
            entries[.grant(grant.grantID, unit: budget.unit)] = Entry(unit: budget.unit, ceiling: budget.value)
        }
        if !grant.draws.isEmpty { draws[grant.grantID] = grant.draws }
        if !grant.parent.isEmpty { parents[grant.grantID] = grant.parent }
    }

    /// Every budget that a slice of this unit must be taken from, each once: those of the grant and of every grant above it,
    /// so that siblings share what their parent has.
    package func levels(grant: String, unit: String) -> [Key] {
        var levels: [Key] = []
        var next: String? = grant
        while let id = next {
            if entries[.grant(id, unit: unit)] != nil { levels.append(.grant(id, unit: unit)) }
            for name in draws[id] ?? [] {
                var key: Key? = .named(name)
                while let level = key, let entry = entries[level], entry.unit == unit, !levels.contains(level) {
                    levels.append(level)
                    key = entry.parent
                }
            }
            next = parents[id]
        }
        return levels
    }

    /// How much to hand out: at least `need`, more when there is plenty.
    ///
    /// - Parameter holder: who asks; what it holds itself for this very grant and unit is not held elsewhere.
    package func size(grant: String, unit: String, need: Int64, want: Int64, holder: Incarnation) -> Sizing {
        let levels = levels(grant: grant, unit: unit)
        guard !levels.isEmpty, need >= 0, want >= need, want <= Limits.amount else { return .refuse(.invalid) }
        let room = levels.map { entries[$0]!.unallocated }.min()!
        if room < max(need, 1) {
            // Final only if not even everything that others hold would do.
            let tight = levels.filter { entries[$0]!.unallocated < max(need, 1) }
            let mayReturn = tight.allSatisfy { entries[$0]!.unallocated + heldElsewhere($0, than: (holder, grant, unit)) >= max(need, 1) }
            return .refuse(mayReturn ? .budgetHeldElsewhere : .budgetExhausted)
        }
        return .grant(max(need, min(want, max(1, room / Self.shareOfRoom))))
    }

    private func heldElsewhere(_ level: Key, than own: (holder: Incarnation, grant: String, unit: String)) -> Int64 {
        open.values.reduce(0) { sum, held in
            let isOwn = held.slice.incarnation == own.holder && held.slice.grantID == own.grant && held.slice.unit == own.unit
            return !isOwn && held.levels.contains(level) ? sum + held.slice.amount - held.used : sum
        }
    }

    package enum Sizing: Equatable, Sendable {
        case grant(Int64)
        case refuse(Refusal.Code)
    }

    /// The slice that a request got before, when it is repeated.
    package func slice(forRequest id: Incarnation) -> (Position, Slice)? {
        byRequest[id]
    }

    package mutating func reserve(_ slice: Slice, at position: Position) {
        let levels = levels(grant: slice.grantID, unit: slice.unit)
        for level in levels { entries[level]!.out += slice.amount }
        open[position] = OpenSlice(slice: slice, used: 0, levels: levels)
        byRequest[slice.requestID] = (position, slice)
        requestsByAge.append(slice.requestID)
        if requestsByAge.count >= 2 * Self.requestsKept {
            for old in requestsByAge.prefix(Self.requestsKept) { byRequest[old] = nil }
            requestsByAge.removeFirst(Self.requestsKept)
        }
        check(levels)
    }

    /// Takes a cumulative figure: a smaller one than was known changes nothing. A slice that is spent to its end is closed.
    package mutating func report(_ use: SliceReport.Use) {
        guard var held = open[use.slice] else { return }
        let grown = min(use.used, held.slice.amount) - held.used
        guard grown > 0 else { return }
        held.used += grown
        for level in held.levels {
            entries[level]!.settled += grown
            entries[level]!.out -= grown
        }
        open[use.slice] = held.used < held.slice.amount ? held : nil
        check(held.levels)
    }

    /// What its holder did not use goes back to every level.
    package mutating func close(_ use: SliceReport.Use) {
        report(use)
        guard let held = open.removeValue(forKey: use.slice) else { return }
        for level in held.levels { entries[level]!.out -= held.slice.amount - held.used }
        check(held.levels)
    }

    /// Conservation is what users rely on: a ledger that breaks it must not go on.
    private func check(_ levels: [Key]) {
        for level in levels {
            let entry = entries[level]!
            precondition(entry.settled >= 0 && entry.out >= 0 && entry.unallocated >= 0, "G2 broken at \(level): \(entry)")
        }
    }

    /// How many requests are remembered at least: far more than can be under way.
    static let requestsKept = 20_000

    /// A slice takes at most this part of what is left, so that other nodes find something too.
    static let shareOfRoom: Int64 = 8
}
