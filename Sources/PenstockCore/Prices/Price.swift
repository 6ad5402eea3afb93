/// So much for so many, as whole numbers: 3 for 1000 is exact where 0.003 for one is not.
package struct Price: Hashable, Sendable {
    package let amount: Int64
    package let per: Int64

    /// Nil unless the amount is 0…`Limits.amount` and `per` is 1…`Limits.amount`.
    package init?(_ amount: Int64, per: Int64 = 1) {
        guard (0...Limits.amount).contains(amount), (1...Limits.amount).contains(per) else { return nil }
        self.amount = amount
        self.per = per
    }

    /// `N` or `N/M`.
    package init?(_ written: some StringProtocol) {
        let parts = written.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let amount = Quantities.number(parts[0]),
            let per = parts.count == 1 ? 1 : Quantities.number(parts[1])
        else { return nil }
        self.init(amount, per: per)
    }

    /// Rounded up, so that many small spends are never charged less than one large one. Nil when it does not fit.
    package func cost(of count: Int64) -> Int64? {
        let (product, overflow) = amount.multipliedReportingOverflow(by: count)
        guard count >= 0, !overflow else { return nil }
        return product / per + (product % per == 0 ? 0 : 1)
    }
}
