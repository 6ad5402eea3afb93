/// Grants whose calls cost more than they held, until an operator has accepted the debt: nothing is allowed under them,
/// nor under what was delegated from them.
extension View {
    package struct OpenDebt: Hashable, Sendable {
        /// Of the event that recorded it first.
        package var position: Position
        package var incarnation: Incarnation
        package var decision: UInt64
        package var grantID: String

        /// Of a node's run: it can make one debt.
        struct Decision: Hashable {
            var incarnation: Incarnation
            var number: UInt64
        }

        var made: Decision { Decision(incarnation: incarnation, number: decision) }

        package init(position: Position, incarnation: Incarnation, decision: UInt64, grantID: String) {
            self.position = position
            self.incarnation = incarnation
            self.decision = decision
            self.grantID = grantID
        }
    }

    /// Whether a debt freezes the grant that it was made under: where it is above the tolerance, of whose part the
    /// ceiling is the least that the grant was issued with or draws on.
    package func freezes(_ debt: Debt) -> Bool {
        guard let index = index(ofGrant: debt.grantID) else { return true }
        return debt.amounts.contains { amount in
            let ceiling = settings.debtTolerance.ppm == 0 ? nil : leastCeiling(amount.unit, ofGrant: index)
            return amount.value > settings.debtTolerance.of(amount.unit, ceiling: ceiling)
        }
    }

    private func leastCeiling(_ unit: String, ofGrant index: Int) -> Int64? {
        levels(ofGrant: index, unit: unit).compactMap { level in
            switch level {
            case .named(let name): budget(name)?.ceiling
            case .grant(let id, _):
                self.index(ofGrant: id).flatMap {
                    rules[Int(grants[$0].rules)].budgets.first { $0.unit == unit }?.value
                }
            }
        }.min()
    }

    package func isOpen(_ debt: Debt) -> Bool {
        debtsOfDecision[.init(incarnation: debt.incarnation, number: debt.decision)] != nil
    }

    /// Logs of before the ledger refused it may tell a debt twice.
    mutating func add(_ debt: Debt, at position: Position) {
        guard !isOpen(debt), freezes(debt) else { return }
        add(OpenDebt(position: position, incarnation: debt.incarnation, decision: debt.decision, grantID: debt.grantID))
    }

    mutating func add(_ debt: OpenDebt) {
        remove(debt: debt.position)
        debts[debt.position] = debt
        debtsOfGrant[debt.grantID, default: 0] += 1
        debtsOfDecision[debt.made, default: 0] += 1
        freeze(debt.grantID)
    }

    mutating func accept(_ positions: [Position]) {
        let accepted = positions.compactMap { remove(debt: $0) }
        for grantID in Set(accepted.map(\.grantID)) { thaw(grantID) }
    }

    @discardableResult
    private mutating func remove(debt position: Position) -> OpenDebt? {
        guard let debt = debts.removeValue(forKey: position) else { return nil }
        Self.uncount(debt.grantID, &debtsOfGrant)
        Self.uncount(debt.made, &debtsOfDecision)
        return debt
    }

    private static func uncount<Key>(_ key: Key, _ counts: inout [Key: Int32]) {
        let left = (counts[key] ?? 1) - 1
        counts[key] = left == 0 ? nil : left
    }

    /// Also ahead of the log: it takes authority away.
    mutating func freeze(_ grantID: String) { mark(.grant(grantID), .frozen) }

    /// Undoes what was done ahead of the log, where the log has no such debt.
    mutating func thaw(_ grantID: String) {
        if debtsOfGrant[grantID] == nil {
            marks[Int(intern(.grant, grantID))].remove(.frozen)
        }
    }
}
