/// Accounts: grants' units, numbered in the order in which slices of them were handed out first.
extension BudgetBook {
    mutating func number(of slice: Slice) -> Int64 {
        account(slice.grantID, slice.unit) ?? add(Account(grant: slice.grantID, unit: slice.unit))
    }

    @discardableResult
    mutating func add(_ account: Account) -> Int64 {
        lastAccount += 1
        accounts[account.grant, default: []].append(lastAccount)
        accountNames[lastAccount] = account
        return lastAccount
    }

    func account(_ grant: String, _ unit: String) -> Int64? {
        // Each number has its name.
        accounts[grant]?.first { accountNames[$0]!.unit == unit }
    }
}

extension BudgetEntry {
    /// Names its holders' accounts by other numbers.
    mutating func renumber(_ places: [Int64: Int64]) {
        guard holders.contains(where: { places[$0.key.account] != $0.key.account }) else { return }
        // Every account has a place.
        let renumbered = holders.map { (Holder(incarnation: $0.incarnation, account: places[$0.account]!), $1) }
        holders = Dictionary(uniqueKeysWithValues: renumbered)
    }
}
