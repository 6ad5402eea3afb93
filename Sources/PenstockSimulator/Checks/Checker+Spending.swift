internal import PenstockCore

/// G2: what was truly spent, and that it stays under every ceiling.
extension Checker {
    /// True spend never exceeds a ceiling, nor what the ledger counts as settled or out. Returns where it was charged.
    mutating func spent(_ grant: Int, _ amounts: [Amount], now: Int64, world: World) -> [[Place]] {
        amounts.map { amount in
            var places: [Place] = []
            for key in levels(grant, amount.unit) {
                guard let place = place(key, world.host.windowTime(at: now, bound: settings.bound)) else {
                    // It may come from a slice of before the budget covered its grant.
                    if slack(key) < amount.value {
                        world.fail(.ceiling, "\(amount.value) were spent of \(key) while no window of it was open")
                    }
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

    mutating func returned(_ amounts: [Amount], from places: [[Place]]) {
        for (amount, places) in zip(amounts, places) {
            for place in places { spent[place, default: 0] -= amount.value }
        }
    }

    /// A restored log is served though it lacks a part of the old one: what was spent from slices that only that part
    /// had, by nodes that remember nothing, is outside of what the design promises.
    mutating func forgetLostSpend(_ book: BudgetBook) {
        overruns = [:]
        for (place, amount) in spent {
            guard let entry = book.entries[place.key] else { continue }
            let window = entry.windows.first { $0.number == place.window }
            spent[place] = min(amount, window.map { $0.settled + $0.out } ?? 0)
        }
    }

    /// The window that a moment lies in; nil where none was open.
    private func place(_ key: BudgetKey, _ wall: WallTime) -> Place? {
        guard case .named(let name) = key, let facts = budgets[name], facts.budget.window != .none else {
            return Place(key: key, window: 0)
        }
        return facts.windows.last { $0.start <= wall && wall < $0.end }.map { Place(key: key, window: $0.number) }
    }

    private func covered(_ place: Place, world: World) -> Violation? {
        // A restored ledger that does not serve hands nothing out, and may count too little.
        guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil,
            let entry = ledger.next.book.entries[place.key]
        else { return nil }
        return covered(place, entry)
    }

    func covered(_ place: Place, _ entry: BudgetEntry) -> Violation? {
        guard let window = entry.windows.first(where: { $0.number == place.window }) else { return nil }
        let charged = window.settled + window.out + slack(place.key)
        let spent = spent[place, default: 0]
        guard spent > charged else { return nil }
        return Violation(
            .ceiling,
            """
            \(place.key), window \(place.window): \(spent) were spent, the ledger counts \(window.settled) \
            settled and \(window.out) out
            """
        )
    }

    private func slack(_ key: BudgetKey) -> Int64 {
        if case .named(let name) = key { budgets[name]?.slack ?? 0 } else { 0 }
    }

    /// A rolling window counts what lies up to its length before the window that the spend was in.
    private func underCeiling(_ place: Place) -> Violation? {
        var total = spent[place, default: 0]
        guard case .named(let name) = place.key, let facts = budgets[name] else {
            guard let own = ownCeiling(place.key) else { return nil }
            let ceiling = max(ceilings[place.key] ?? 0, own)
            return total > ceiling
                ? Violation(.ceiling, "\(place.key) has a ceiling of \(ceiling), \(total) were spent") : nil
        }
        if case .rolling(let length) = facts.budget.window,
            let current = facts.windows.first(where: { $0.number == place.window })
        {
            for window in facts.windows where window.number < current.number && window.end > current.start - length {
                total += spent[Place(key: place.key, window: window.number)] ?? 0
            }
        }
        guard total > facts.maxCeiling + facts.slack else { return nil }
        return Violation(
            .ceiling, "\(place.key) has a ceiling of \(facts.maxCeiling), \(total) were spent in window \(place.window)"
        )
    }
}
