/// Real cost above what was held, and what an operator decides of it.
extension LedgerState {
    func checkDebt(_ debt: Debt, by signer: NodeKeys) throws(Refusal) {
        guard let index = view.index(ofGrant: debt.grantID) else {
            throw Refusal(.notFound, "no grant \(debt.grantID)")
        }
        guard (1...Limits.amountsPerCall).contains(debt.amounts.count),
            Set(debt.amounts.map(\.unit)).count == debt.amounts.count,
            debt.amounts.allSatisfy({
                (1...Limits.amount).contains($0.value) && !view.levels(ofGrant: index, unit: $0.unit).isEmpty
            })
        else {
            throw Refusal(
                .invalid,
                """
                a debt names 1 to \(Limits.amountsPerCall) units that the grant has budgets for, each 1 to \
                \(Limits.amount)
                """
            )
        }
        guard debt.incarnation != .unknown, debt.decision > 0 else {
            throw Refusal(.invalid, "a debt names the decision it comes from")
        }
        guard !book.knows(debt) else { throw Refusal(.exists, "the debt of this decision was recorded before") }
        guard owners.incarnations(of: signer.name).reduce(0, { $0 + book.openDebts(of: $1) }) < Limits.openDebts else {
            throw Refusal(
                .busy,
                "\(Limits.openDebts) debts of node '\(signer.name)' are open, the limit; an operator must accept them",
                retryAfterMS: 1000)
        }
    }

    func checkAcceptance(_ positions: [Position], _ reason: String) throws(Refusal) {
        guard (1...1000).contains(positions.count) else { throw Refusal(.invalid, "name 1 to 1000 debts to accept") }
        try checkText(reason)
        for position in positions {
            guard let owed = book.debts[position] else {
                // Told twice in an old log: the second freezes, and was charged with the first.
                if view.debts[position] != nil { continue }
                throw Refusal(.notFound, "no debt was recorded at position \(position)")
            }
            guard !owed.isAccepted else {
                throw Refusal(.exists, "the debt of position \(position) was accepted before")
            }
        }
    }

    /// What was reported must be what its operator has seen.
    func checkSettlement(_ settlement: DebtSettlement, _ reason: String) throws(Refusal) {
        guard let owed = book.debts[settlement.position] else {
            throw Refusal(.notFound, "no debt was recorded at position \(settlement.position)")
        }
        guard !owed.isAccepted else {
            throw Refusal(.exists, "the debt of position \(settlement.position) was settled before")
        }
        guard settlement.reported == owed.debt.amounts else {
            throw Refusal(
                .invalid,
                """
                the debt of position \(settlement.position) is of \
                \(owed.debt.amounts.map { "\($0.value) \($0.unit)" }.joined(separator: ", "))
                """
            )
        }
        guard settlement.charged.map(\.unit) == settlement.reported.map(\.unit),
            zip(settlement.charged, settlement.reported).allSatisfy({ (0...$1.value).contains($0.value) })
        else {
            throw Refusal(.invalid, "a debt is settled at 0 to what was reported, of each of its units")
        }
        try checkText(reason)
    }
}
