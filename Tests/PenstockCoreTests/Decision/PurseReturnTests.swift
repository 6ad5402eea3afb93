internal import PenstockCore
internal import Testing

/// What a purse gives back: on demand, of a window that has ended, or since it lies idle.
@Suite struct PurseReturnTests {
    private var purse = Purse()
    private let account: Int32

    init() {
        account = purse.open(grant: 3, unit: "usd")
        for (slice, endsAt) in [(Position(5), WallTime(0)), (6, 5000)] {
            purse.lack(10, account)
            let reserve = purse.nextReserve(at: 0, requestID: Make.incarnation(slice))!
            _ = purse.answered(
                reserve, granted: [.init(slice: slice, unit: "usd", amount: 10, endsAt: endsAt)], refused: [])
        }
    }

    private mutating func hold(_ amount: Int64, holds: Bool = true) -> [Debit] {
        var debits = [Debit]()
        purse.take(amount, from: account, holds: holds, into: &debits)
        return debits
    }

    private mutating func report() -> [SliceReport.Use] {
        let uses = purse.unreported(from: 0, scan: 10, limit: 10).uses[account] ?? []
        purse.reported(uses, of: account)
        return uses
    }

    @Test mutating func callsUnderWayKeepTheirHoldsAndTheRestOfThemFollows() {
        let debits = hold(14)
        purse.giveBack(account: account)
        #expect(purse.available(account) == 0)
        #expect(purse.account(account).hasMoreThanLedgerKnew)
        let first = report()
        #expect(
            first == [.init(slice: 5, used: 0, returned: 0, held: 10), .init(slice: 6, used: 0, returned: 6, held: 4)])
        purse.resolve(debits[0], spent: 7, wasHeld: true)
        purse.resolve(debits[1], spent: 0, wasHeld: true)
        #expect(purse.available(account) == 0, "it is not spent here again")
        #expect(purse.hasReturns)
        let second = report()
        #expect(second == [.init(slice: 5, used: 7, returned: 3), .init(slice: 6, used: 0, returned: 10)])
        #expect(purse.account(account).slices.isEmpty)
        #expect(!purse.hasReturns)
    }

    /// The ledger's answer to a request that was under way counts it as the asker's own, though the report of it is
    /// taken.
    @Test mutating func whatACallGivesBackDuringARequestIsMoreThanTheLedgerKnew() {
        let debits = hold(20)
        purse.giveBack(account: account)
        _ = report()
        purse.lack(5, account)
        let request = purse.nextReserve(at: 0, requestID: Make.incarnation(7))
        #expect(request != nil && !purse.account(account).hasMoreThanLedgerKnew)
        for debit in debits { purse.resolve(debit, spent: 0, wasHeld: true) }
        _ = report()
        #expect(purse.account(account).slices.isEmpty && purse.account(account).hasMoreThanLedgerKnew)
    }

    @Test mutating func givingBackTwiceChangesNothing() {
        for _ in 0..<2 { purse.giveBack(account: account) }
        let uses = report()
        #expect(uses.map(\.returned) == [10, 10])
        purse.giveBack(account: account)
        #expect(!purse.hasReturns)
    }

    /// Its window's end holds for what comes back to a slice that was all taken, too.
    @Test mutating func whatComesBackAfterAWindowIsNotSpent() {
        let debits = hold(20)
        purse.resolve(debits[0], spent: 10, wasHeld: true)
        purse.resolve(debits[1], spent: 4, wasHeld: true)
        #expect(purse.available(account) == 6)
        _ = purse.sweep(from: 0, scan: 10, wall: 5000, at: 0)
        #expect(purse.available(account) == 0)
        #expect(purse.hasReturns)
    }

    @Test mutating func sliceOfAWindowThatHasEndedGoesBack() {
        _ = purse.sweep(from: 0, scan: 10, wall: 4999, at: 0)
        #expect(purse.available(account) == 20)
        _ = purse.sweep(from: 0, scan: 10, wall: 5000, at: 0)
        #expect(purse.available(account) == 10)
        let uses = report()
        #expect(uses.map(\.slice) == [6])
    }

    @Test mutating func whatLiesIdleGoesBack() {
        let second = Nanoseconds.nanosecondsPerSecond
        _ = purse.sweep(from: 0, scan: 10, wall: 0, at: 10 * second)
        #expect(purse.available(account) == 20)
        _ = hold(1)
        // It was used since the last sweep: its time begins anew.
        _ = purse.sweep(from: 0, scan: 10, wall: 0, at: 11 * second)
        _ = purse.sweep(from: 0, scan: 10, wall: 0, at: 21 * second)
        #expect(purse.available(account) == 19)
        _ = purse.sweep(from: 0, scan: 10, wall: 0, at: 21 * second + 1)
        #expect(purse.available(account) == 0)
    }

    @Test mutating func returnedPartIsSpentBeforeNewerSlices() {
        let debit = hold(10)[0]
        purse.resolve(debit, spent: 4, wasHeld: true)
        let next = hold(8, holds: false)
        #expect(next.map(\.amount) == [6, 2])
    }

    @Test mutating func closeCountsHoldsAsSpent() {
        _ = hold(7)
        purse.close(account: account)
        #expect(purse.unclosed(limit: 10) == [.init(slice: 5, used: 7), .init(slice: 6, used: 0)])
        #expect(purse.available(account) == 0)
        #expect(purse.unclosed(limit: 1) == [.init(slice: 5, used: 7)])
        purse.closed([.init(slice: 5, used: 7)])
        #expect(purse.unclosed(limit: 10) == [.init(slice: 6, used: 0)], "until the ledger has it, it is told")
    }
}
