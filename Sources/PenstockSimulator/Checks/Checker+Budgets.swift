internal import PenstockCore

/// G2 and the budgets' part of G7: what was truly spent, worked out from the log by other code than the ledger's.
extension Checker {
    struct BudgetFacts {
        var budget: Budget
        /// Of its event.
        var position: Position
        /// The highest that its ceiling ever was: what was spent under it stays spent.
        var maxCeiling: Int64
        var windows: [WindowOpening] = []
        /// Out, when it was created, of grants that it covers: drawn on it by nobody.
        var slack: Int64 = 0
        var openDebts: Set<Position> = []
        /// Its ceiling was set, it was changed, or a debt of it was recorded.
        var hasMoved = false
        /// What it was from which position on.
        var history: [(position: Position, budget: Budget)]

        init(budget: Budget, position: Position) {
            (self.budget, self.position, maxCeiling) = (budget, position, budget.ceiling)
            history = [(position, budget)]
        }

        mutating func change(at position: Position, _ change: (inout Budget) -> Void) {
            change(&budget)
            history.append((position, budget))
            hasMoved = true
        }

        /// What only the lost part of a log had is not so any more.
        mutating func lose(after position: Position) {
            history.removeAll { $0.position > position }
            budget = history.last?.budget ?? budget
        }
    }

    /// A budget's window; budgets without windows have the one of number 0.
    struct Place: Hashable {
        var key: BudgetKey
        var window: UInt64
    }

    struct Overrun: Hashable {
        var incarnation: Incarnation
        var decision: UInt64
    }

    // MARK: The log

    mutating func created(_ budget: Budget, at position: Position, world: World) {
        var facts = BudgetFacts(budget: budget, position: position)
        if budget.selector != nil {
            for held in world.host.ledger?.state.book.open.values ?? [:].values where held.slice.unit == budget.unit {
                guard let index = Int(held.slice.grantID.dropFirst()), covers(budget.selector!, index) else { continue }
                facts.slack += held.unspent
            }
        }
        budgets[budget.name] = facts
        // What is spent from slices of before counts in the parents by their new child, too.
        slacken(from: budget.parent, by: facts.slack)
    }

    private mutating func slacken(from name: String, by amount: Int64) {
        var above = name
        while budgets[above] != nil {
            budgets[above]!.slack += amount
            above = budgets[above]!.budget.parent
        }
    }

    /// What is out was drawn on the parents of before: they are charged for it, and its spending counts here in those of now.
    private mutating func moved(_ change: BudgetChange, at position: Position, world: World) {
        if let parent = change.parent {
            let key = BudgetKey.named(change.name)
            let out = world.host.ledger?.state.book.open.values.reduce(0) { $1.levels.contains { $0.key == key } ? $0 + $1.slice.amount : $0 } ?? 0
            var above = budgets[change.name]!.budget.parent
            while let facts = budgets[above] {
                admitted[.named(above), default: 0] += out
                above = facts.budget.parent
            }
            // So does that of slices which the moved one was never charged for.
            slacken(from: parent, by: out + budgets[change.name]!.slack)
        }
        budgets[change.name]!.change(at: position) { budget in
            if let parent = change.parent { budget.parent = parent }
            if let most = change.maxOut { budget.maxOut = most }
        }
    }

    /// Whether a debt freezes its grant: it is above the tolerance in some unit.
    private func freezes(_ debt: Debt, _ index: Int) -> Bool {
        debt.amounts.contains { amount in
            let ceilings = levels(index, amount.unit).map { key in
                if case .named(let name) = key { return budgets[name]!.budget.ceiling }
                guard case .grant(let id, let unit) = key, let owner = Int(id.dropFirst()) else { return .max }
                return grants[owner].grant.budgets.first { $0.unit == unit }!.value
            }
            let part = Int64(Int128(ceilings.min() ?? 0) * Int128(tolerance.ppm) / 1_000_000)
            return amount.value > max(part, tolerance.amounts.first { $0.unit == amount.unit }?.value ?? 0)
        }
    }

    mutating func changed(_ kind: EventKind, at position: Position, world: World) {
        switch kind {
        case .budgetCreated(let budget): created(budget, at: position, world: world)
        case .budgetCeilingSet(.named(let name), let ceiling, _):
            budgets[name]!.maxCeiling = max(budgets[name]!.maxCeiling, ceiling)
            budgets[name]!.change(at: position) { $0.ceiling = ceiling }
        case .budgetChanged(let change, _): moved(change, at: position, world: world)
        case .budgetClosed(let name, _): budgets[name]!.change(at: position) { $0.isClosed = true }
        case .windowOpened(let opening):
            // A restored log numbers anew what only its lost part had.
            if restoredAt > 0 { budgets[opening.budget]!.windows.removeAll { $0.number >= opening.number } }
            let last = budgets[opening.budget]!.windows.last
            if opening.number <= last?.number ?? 0 || opening.start < last?.end ?? .min { world.fail(.ceiling, "window \(opening.number) of \(opening.budget) begins before the last one's end") }
            budgets[opening.budget]!.windows.append(opening)
        case .debtRecorded(let debt):
            overruns[Overrun(incarnation: debt.incarnation, decision: debt.decision)] = nil
            guard let index = Int(debt.grantID.dropFirst()), recorded.insert(Overrun(incarnation: debt.incarnation, decision: debt.decision)).inserted else { return }
            if freezes(debt, index) { frozen[index, default: [:]][position] = Position.max }
            for amount in debt.amounts {
                for key in levels(index, amount.unit) {
                    owed[key] = min(Limits.sum, (owed[key] ?? 0) + amount.value)
                    // Where no window was ever opened, nothing was drawn.
                    if case .named(let name) = key, budgets[name]!.budget.window != .none, budgets[name]!.windows.isEmpty { continue }
                    // Which of them it exceeds depends on the very moment; that debt freezes, `conserved` holds against each account.
                    let exceeds = world.host.ledger?.state.book.entries[key]?.exceeding.contains(position) ?? false
                    if case .named(let name) = key {
                        if exceeds { budgets[name]!.openDebts.insert(position) }
                        budgets[name]!.hasMoved = true
                    } else if exceeds { openDebts[key, default: []].insert(position) }
                }
            }
        case .debtSettled(let settlement, _): accepted([settlement.position], at: position)
        case .debtsAccepted(let positions, _): accepted(positions, at: position)
        case .sliceReserved(let slice):
            guard let index = Int(slice.grantID.dropFirst()) else { return }
            for key in levels(index, slice.unit) {
                if isFrozen(key) { world.fail(.ceiling, "a slice was drawn on \(key), which a debt has frozen") }
                if case .named(let name) = key, budgets[name]!.budget.isClosed { world.fail(.ceiling, "a slice was drawn on \(name), which is closed") }
            }
        default: break
        }
    }

    private mutating func accepted(_ positions: [Position], at position: Position) {
        for index in frozen.keys {
            for debt in positions where frozen[index]![debt] != nil { frozen[index]![debt] = position }
        }
        for name in budgets.keys { budgets[name]!.openDebts.subtract(positions) }
        for key in openDebts.keys { openDebts[key]!.subtract(positions) }
    }

    /// G2: nothing is admitted under a grant with a debt that no operator has accepted, nor under what was delegated from it.
    ///
    /// - Parameter applied: the position of the view that admitted it.
    func unfrozen(_ grant: Int, applied: Position) -> Violation? {
        for above in line(grant) {
            guard let debt = frozen[above]?.first(where: { $0.key <= applied && applied < $0.value }) else { continue }
            return Violation(.ceiling, "a call of g\(grant) was admitted at \(applied), though the debt of position \(debt.key) was not accepted")
        }
        return nil
    }

    private func isFrozen(_ key: BudgetKey) -> Bool {
        if case .named(let name) = key { !budgets[name]!.openDebts.isEmpty } else { !(openDebts[key] ?? []).isEmpty }
    }

    /// Every budget that a call of the grant draws on, each once.
    func levels(_ grant: Int, _ unit: String) -> [BudgetKey] {
        var levels: [BudgetKey] = []
        var names = budgets.values.filter { $0.budget.selector.map { covers($0, grant) } ?? false }.map(\.budget.name).sorted()
        for above in line(grant).map({ grants[$0].grant }) {
            if above.budgets.contains(where: { $0.unit == unit }) { levels.append(.grant(above.grantID, unit: unit)) }
            names += above.draws
        }
        for name in names {
            var next = name
            while let facts = budgets[next], facts.budget.unit == unit, !levels.contains(.named(next)) {
                levels.append(.named(next))
                next = facts.budget.parent
            }
        }
        return levels
    }

    // MARK: Spending

    /// The window that a moment lies in; nil where none was open.
    private func place(_ key: BudgetKey, _ wall: WallTime) -> Place? {
        guard case .named(let name) = key, let facts = budgets[name], facts.budget.window != .none else { return Place(key: key, window: 0) }
        return facts.windows.last { $0.start <= wall && wall < $0.end }.map { Place(key: key, window: $0.number) }
    }

    /// True spend never exceeds a ceiling, nor what the ledger counts as settled or out. Returns where it was charged.
    mutating func spent(_ grant: Int, _ amounts: [Amount], now: Int64, world: World) -> [[Place]] {
        amounts.map { amount in
            var places: [Place] = []
            for key in levels(grant, amount.unit) {
                guard let place = place(key, world.host.windowTime(at: now, bound: settings.bound)) else {
                    // It may come from a slice of before the budget covered its grant.
                    if slack(key) < amount.value { world.fail(.ceiling, "\(amount.value) were spent of \(key) while no window of it was open") }
                    continue
                }
                places.append(place)
                spent[place, default: 0] += amount.value
                admitted[key, default: 0] += amount.value
                world.fail(covered(place, world: world))
                world.fail(underCeiling(place))
            }
            return places
        }
    }

    private func covered(_ place: Place, world: World) -> Violation? {
        // A restored ledger that does not serve hands nothing out, and may count too little.
        guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil, let entry = ledger.state.book.entries[place.key] else { return nil }
        return covered(place, entry)
    }

    private func covered(_ place: Place, _ entry: BudgetEntry) -> Violation? {
        guard let window = entry.windows.first(where: { $0.number == place.window }) else { return nil }
        let charged = window.settled + window.out + slack(place.key)
        guard spent[place]! > charged else { return nil }
        return Violation(.ceiling, "\(place.key), window \(place.window): \(spent[place]!) were spent, the ledger counts \(window.settled) settled and \(window.out) out")
    }

    private func slack(_ key: BudgetKey) -> Int64 {
        if case .named(let name) = key { budgets[name]?.slack ?? 0 } else { 0 }
    }

    /// A rolling window counts what lies up to its length before the window that the spend was in.
    private func underCeiling(_ place: Place) -> Violation? {
        guard case .named(let name) = place.key, let facts = budgets[name] else {
            guard case .grant(let id, let unit) = place.key, let index = Int(id.dropFirst()) else { return nil }
            let ceiling = max(ceilings[place.key] ?? 0, grants[index].grant.budgets.first { $0.unit == unit }!.value)
            return spent[place]! > ceiling ? Violation(.ceiling, "\(place.key) has a ceiling of \(ceiling), \(spent[place]!) were spent") : nil
        }
        var total = spent[place]!
        if case .rolling(let length) = facts.budget.window, let current = facts.windows.first(where: { $0.number == place.window }) {
            for window in facts.windows where window.number < current.number && window.end > current.start - length {
                total += spent[Place(key: place.key, window: window.number)] ?? 0
            }
        }
        guard total > facts.maxCeiling + facts.slack else { return nil }
        return Violation(.ceiling, "\(place.key) has a ceiling of \(facts.maxCeiling), \(total) were spent in window \(place.window)")
    }

    mutating func returned(_ amounts: [Amount], from places: [[Place]]) {
        for (amount, places) in zip(amounts, places) {
            for place in places { spent[place]! -= amount.value }
        }
    }

    /// A restored log is served though it lacks a part of the old one: what was spent from slices that only that part had,
    /// by nodes that remember nothing, is outside of what the design promises.
    mutating func forgetLostSpend(_ book: BudgetBook) {
        overruns = [:]
        for (place, amount) in spent {
            guard let entry = book.entries[place.key] else { continue }
            let window = entry.windows.first { $0.number == place.window }
            spent[place] = min(amount, window.map { $0.settled + $0.out } ?? 0)
        }
    }

    // MARK: After a commit

    /// Every budget adds up, and covers what was truly spent of it.
    func conserved(_ book: BudgetBook, _ events: [Event]) -> Violation? {
        guard events.contains(where: { [.sliceClosed, .spendReported, .budgetCeilingSet, .debtRecorded, .debtsAccepted, .debtSettled, .windowOpened].contains($0.kind.name) }) else { return nil }
        for (key, entry) in book.entries {
            let counted = entry.windows.filter(\.counts)
            let (charged, debt) = counted.reduce((0, 0)) { ($0.0 + $1.settled + $1.out, $0.1 + $1.debt) }
            if charged + entry.unallocated != entry.ceiling + debt + entry.overcommitted || min(entry.unallocated, entry.overcommitted) < 0 {
                return Violation(.ceiling, "\(key) does not add up: \(entry)")
            }
            if debt > 0, !entry.isFrozen { return Violation(.ceiling, "\(key) owes \(debt) and is not frozen") }
            if entry.holders.values.reduce(0, +) != entry.out { return Violation(.ceiling, "\(key): its holders have \(entry.holders), \(entry.out) are out") }
        }
        for place in spent.keys {
            if let entry = book.entries[place.key], let violation = covered(place, entry) { return violation }
        }
        return nil
    }

    /// G2: nothing is charged that nobody may have spent, unless a journal's word was lost.
    ///
    /// - Parameter isMember: of a node that was expelled nobody hears what it owes.
    func chargedNoMore(than book: BudgetBook, isMember: (String) -> Bool) -> Violation? {
        for (key, entry) in book.entries where entry.settled > (admitted[key] ?? 0) + (owed[key] ?? 0) {
            return Violation(.ceiling, "\(key): \(entry.settled) are settled, at most \(admitted[key] ?? 0) were admitted")
        }
        let untold = overruns.filter { isMember($0.value) }
        return untold.isEmpty ? nil : Violation(.ceiling, "a debt was never told: \(untold)")
    }

    /// G2: what a node counts as reported, and so may forget, the ledger has.
    func reportsWereTaken(_ process: EnforcerProcess, _ machine: Machine, world: World) -> Violation? {
        guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil, world.now > restoredAt + 2 * settings.bound else { return nil }
        for account in 0..<process.enforcement.purse.count {
            for slice in process.enforcement.purse.account(Int32(account)).slices {
                guard let held = ledger.state.book.open[slice.id], slice.told.settled > held.used || slice.told.returned > held.returned else { continue }
                return Violation(.ceiling, "machine \(machine.index) counts \(slice.told) of slice \(slice.id) as told, the ledger has \(held.used), \(held.returned)")
            }
        }
        return nil
    }

    // MARK: G7

    /// What the ledger refuses a call it does not have.
    func refused(_ part: SliceRequest.Part, _ code: Refusal.Code, grantID: String, _ book: BudgetBook) -> Violation? {
        guard part.need > 0, let grant = Int(grantID.dropFirst()) else { return nil }
        let levels = levels(grant, part.unit)
        let line = Set(line(grant).map { "g\($0)" })
        if code == .budgetFrozen, book.debts.values.contains(where: { !$0.isAccepted && line.contains($0.debt.grantID) }) { return nil }
        if code == .budgetClosed { return levels.contains { book.entries[$0]?.isClosed == true } ? nil : Violation(.liveness, "a budget of \(grantID) is said to be closed: none of \(levels)") }
        // A debt may be staged with this very answer, and not durable yet.
        if code == .budgetFrozen { return levels.contains { isFrozen($0) || book.entries[$0]?.isFrozen == true } ? nil : Violation(.liveness, "a budget of \(grantID) without a debt is said to be frozen: none of \(levels), but \(book.entries.filter(\.value.isFrozen).keys)") }
        if levels.contains(where: { book.entries[$0].map { $0.unallocated < part.need || $0.maxOut > 0 && $0.maxOut - $0.out < part.need } ?? true }) { return nil }
        return Violation(.liveness, "\(part.need) of \(part.unit) on \(grantID) were refused as \(code), though the ledger had them")
    }

    /// What a call draws: it is one call, whether or not it says so.
    func counted(_ call: CallUnderWay) -> [Amount] {
        let isCounted = call.amounts.contains { $0.unit == "calls" } || levels(call.grant, "calls").isEmpty
        return call.amounts + (isCounted ? [] : [Amount("calls", 1)])
    }

    /// What is denied for good is not there any more.
    func denied(_ reason: Reason, _ call: CallUnderWay, world: World) -> Violation? {
        guard reason == .budgetExhausted, let book = world.host.ledger?.state.book else { return nil }
        // A ceiling that was raised since, a debt or another window make room that was not there when the ledger answered.
        let amounts = counted(call)
        for level in amounts.flatMap({ levels(call.grant, $0.unit) }) {
            if case .named(let name) = level, let facts = budgets[name], facts.budget.window != .none || facts.hasMoved { return nil }
            if owed[level] != nil { return nil }
        }
        for amount in amounts {
            for level in levels(call.grant, amount.unit) {
                // What was truly spent is gone, even where a commit that failed took the report of it back.
                guard let entry = book.entries[level] else { continue }
                let gone = entry.windows.reduce(0) { $1.counts ? $0 + (spent[Place(key: level, window: $1.number)] ?? 0) : $0 }
                if entry.unallocated < amount.value || entry.ceiling - gone < amount.value { return nil }
            }
        }
        return Violation(.liveness, "a call of \(call.amounts.map { "\($0.value) \($0.unit)" }) on g\(call.grant) was denied for good, though its budgets had enough left")
    }
}
