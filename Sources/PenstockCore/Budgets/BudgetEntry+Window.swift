extension BudgetEntry {
    package struct Window: Hashable, Sendable {
        package var number: UInt64
        package var start: WallTime
        package var end: WallTime
        package var settled: Int64 = 0
        package var out: Int64 = 0
        package var debt: Int64 = 0
        package var counts = true

        package init(
            number: UInt64, start: WallTime, end: WallTime, settled: Int64 = 0, out: Int64 = 0, debt: Int64 = 0,
            counts: Bool = true
        ) {
            self.number = number
            self.start = start
            self.end = end
            self.settled = settled
            self.out = out
            self.debt = debt
            self.counts = counts
        }
    }

    package struct Holder: Hashable, Sendable {
        package var incarnation: Incarnation
        /// Of a grant's unit, numbered by the book.
        package var account: Int64

        package init(incarnation: Incarnation, account: Int64) {
            (self.incarnation, self.account) = (incarnation, account)
        }
    }

    struct Owed: Hashable {
        var charged: Int64
        /// The part of it that is above the ceiling.
        var debt: Int64
        var exceeds: Bool
    }
}

extension BudgetEntry {
    /// The law, of figures that come from outside: neither of its sides overflows.
    func checkFigures() throws(Imbalance) {
        func sum(_ parts: [Int64]) -> Int128 { parts.reduce(0) { $0 + Int128($1) } }
        let parts = windows.flatMap { [$0.settled, $0.out, $0.debt] } + [ceiling, unallocated, overcommitted, maxOut]
        let (charged, owed) = (sum(windows.flatMap { [$0.settled, $0.out] }), sum(windows.map(\.debt)))
        guard parts.allSatisfy({ $0 >= 0 }), charged + Int128(unallocated) <= Int128(Int64.max),
            owed + Int128(ceiling) + Int128(overcommitted) <= Int128(Int64.max),
            holders.values.allSatisfy({ $0 > 0 }), sum(Array(holders.values)) == Int128(out)
        else { throw Imbalance("an account has a figure that no account can have") }
        for (earlier, later) in zip(windows, windows.dropFirst()) where earlier.number >= later.number {
            throw Imbalance("window \(later.number) comes after window \(earlier.number)")
        }
        try check()
    }
}
