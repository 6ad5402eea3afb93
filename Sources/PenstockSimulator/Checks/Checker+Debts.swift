internal import PenstockCore

/// G2: what was spent above a hold is owed, and what it freezes stays frozen until an operator accepts it.
extension Checker {
    mutating func owes(_ debt: Debt, at position: Position, world: World) {
        overruns[Overrun(incarnation: debt.incarnation, decision: debt.decision)] = nil
        guard let index = Int(debt.grantID.dropFirst()),
            recorded.insert(Overrun(incarnation: debt.incarnation, decision: debt.decision)).inserted
        else { return }
        if freezes(debt, index) { frozen[index, default: [:]][position] = Position.max }
        for amount in debt.amounts {
            for key in levels(index, amount.unit) {
                owed[key] = min(Limits.sum, (owed[key] ?? 0) + amount.value)
                // Where no window was ever opened, nothing was drawn.
                if case .named(let name) = key, self[budget: name].budget.window != .none,
                    self[budget: name].windows.isEmpty
                {
                    continue
                }
                // Which of them it exceeds depends on the very moment; that debt freezes, `conserved` holds against
                // each account.
                let exceeds = world.host.ledger?.next.book.entries[key]?.exceeding.contains(position) ?? false
                if case .named(let name) = key {
                    if exceeds { self[budget: name].openDebts.insert(position) }
                    self[budget: name].hasMoved = true
                } else if exceeds {
                    openDebts[key, default: []].insert(position)
                }
            }
        }
    }

    /// Whether a debt freezes its grant: it is above the tolerance in some unit.
    private func freezes(_ debt: Debt, _ index: Int) -> Bool {
        debt.amounts.contains { amount in
            let ceilings = levels(index, amount.unit).map { key in
                if case .named(let name) = key { return self[budget: name].budget.ceiling }
                return ownCeiling(key) ?? .max
            }
            let part = Int64(Int128(ceilings.min() ?? 0) * Int128(tolerance.ppm) / 1_000_000)
            return amount.value > max(part, tolerance.amounts.first { $0.unit == amount.unit }?.value ?? 0)
        }
    }

    mutating func accepted(_ positions: [Position], at position: Position) {
        for index in frozen.keys {
            for debt in positions where frozen[index]?[debt] != nil { frozen[index]?[debt] = position }
        }
        for name in budgets.keys { self[budget: name].openDebts.subtract(positions) }
        for key in openDebts.keys { openDebts[key]?.subtract(positions) }
    }

    /// G2: nothing is admitted under a grant with a debt that no operator has accepted, nor under what was delegated
    /// from it.
    ///
    /// - Parameter applied: the position of the view that admitted it.
    func unfrozen(_ grant: Int, applied: Position) -> Violation? {
        for above in line(grant) {
            guard let debt = frozen[above]?.first(where: { $0.key <= applied && applied < $0.value }) else { continue }
            return Violation(
                .ceiling,
                """
                a call of g\(grant) was admitted at \(applied), though the debt of position \(debt.key) was not \
                accepted
                """
            )
        }
        return nil
    }

    func isFrozen(_ key: BudgetKey) -> Bool {
        guard case .named(let name) = key else { return openDebts[key]?.isEmpty == false }
        return !self[budget: name].openDebts.isEmpty
    }
}
