/// Forgetting grants that have ended: their own budgets, their accounts, and the debts that were settled.
extension BudgetBook {
    /// Whether something of a grant is out, so that some node may yet spend it or tell of it.
    package func hasOpenSlices(ofGrant id: String) -> Bool { openOfGrant[id] != nil }

    /// Grants that owe what no operator has accepted.
    package var owingGrants: Set<String> {
        Set(debts.values.lazy.filter { !$0.isAccepted }.map(\.debt.grantID))
    }

    /// The caller has seen that nothing of these grants is out or owed. What they have spent of other budgets stays
    /// charged there.
    mutating func forget(_ grants: Set<String>, budgets: [BudgetKey]) {
        for key in budgets {
            entries[key] = nil
            pressed.remove(key)
        }
        for id in grants {
            for number in accounts.removeValue(forKey: id) ?? [] { accountNames[number] = nil }
        }
        for (position, owed) in debts where grants.contains(owed.debt.grantID) {
            debts[position] = nil
            debtOf[DebtName(incarnation: owed.debt.incarnation, decision: owed.debt.decision)] = nil
        }
    }

    mutating func closed(_ grantID: String) {
        guard let count = openOfGrant[grantID] else { return }
        openOfGrant[grantID] = count > 1 ? count - 1 : nil
    }
}
