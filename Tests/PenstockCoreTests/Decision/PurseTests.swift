internal import PenstockCore
internal import Testing

@Suite struct PurseTests {
    private var purse = Purse()
    private let account: Int32
    private var request: UInt64 = 0

    init() { account = purse.open(grant: 3, unit: "usd") }

    private mutating func next() -> Purse.Reserve? {
        request += 1
        return purse.nextReserve(requestID: Make.incarnation(request))
    }

    private mutating func required() throws -> Purse.Reserve {
        let reserve = next()
        return try #require(reserve)
    }

    private mutating func grant(_ slice: Position, _ amount: Int64, need: Int64 = 1) -> Bool {
        purse.lack(need, account)
        _ = next()
        return purse.granted(slice, amount: amount, account: account)
    }

    private mutating func take(_ amount: Int64, holds: Bool = false) -> [Debit] {
        var debits = [Debit]()
        purse.take(amount, from: account, holds: holds, into: &debits)
        return debits
    }

    @Test mutating func accountIsThatOfItsGrantAndUnit() {
        let again = purse.open(grant: 3, unit: "usd")
        let tokens = purse.open(grant: 3, unit: "tokens")
        #expect(again == account)
        #expect(tokens != account)
        #expect(purse.find(grant: 3, unit: "tokens") == tokens)
        #expect(purse.find(grant: 2, unit: "usd") == -1)
        #expect(purse.find(grant: 9, unit: "usd") == -1)
        #expect(purse.find(grant: 3, unit: "calls") == -1)
        #expect(purse.count == 2)
    }

    @Test mutating func oldestSliceIsSpentFirst() {
        for slice in [Position(5), 6, 7] { _ = grant(slice, 10) }
        let debits = take(25)
        #expect(debits.map(\.slice) == [5, 6, 7])
        #expect(debits.map(\.amount) == [10, 10, 5])
        let last = take(5)
        #expect(last.map(\.slice) == [7])
    }

    @Test mutating func returnedPartIsSpentBeforeNewerSlices() {
        for slice in [Position(5), 6] { _ = grant(slice, 10) }
        let debit = take(10, holds: true)[0]
        purse.resolve(debit, spent: 4, wasHeld: true)
        let next = take(8)
        #expect(next.map(\.amount) == [6, 2])
    }

    @Test mutating func sliceThatNobodyAwaitsOrThatCameBeforeChangesNothing() {
        let unasked = purse.granted(5, amount: 10, account: account)
        #expect(!unasked)
        let first = grant(5, 10)
        let twice = grant(5, 10)
        #expect(first)
        #expect(!twice)
        #expect(purse.available(account) == 10)
    }

    @Test mutating func demandDoublesWhatIsAskedFor() throws {
        purse.lack(3, account)
        let first = try required()
        #expect([first.need, first.want] == [3, 24])
        _ = purse.granted(5, amount: 24, account: account)
        // Above half of the last slice nothing is asked for; below, the next one is twice its size.
        _ = take(12)
        #expect(!purse.wantsReserve)
        _ = take(1)
        let second = try required()
        #expect([second.need, second.want] == [0, 48])
    }

    @Test mutating func oneRequestAtATimeAndTheNextBringsTheLargestLack() throws {
        purse.lack(3, account)
        _ = next()
        for shortfall in [Int64(5), 9, 7] { purse.lack(shortfall, account) }
        let none = next()
        #expect(none == nil)
        _ = purse.granted(5, amount: 3, account: account)
        let second = try required()
        #expect(second.need == 9)
        let further = next()
        #expect(further == nil)
    }

    @Test mutating func refusedNeedMayBeAskedForAgain() throws {
        purse.lack(3, account)
        _ = next()
        purse.refused(account: account)
        #expect(!purse.wantsReserve)
        purse.lack(2, account)
        let again = try required()
        #expect(again.need == 2)
    }

    @Test mutating func refusedRefillIsNotAskedForUntilACallLacks() throws {
        _ = grant(5, 10)
        _ = take(6)
        let refill = try required()
        #expect(refill.need == 0)
        purse.refused(account: account)
        _ = take(3)
        #expect(!purse.wantsReserve)
        purse.lack(4, account)
        let asked = try required()
        #expect(asked.need == 4)
        _ = purse.granted(6, amount: 8, account: account)
        _ = take(6)
        #expect(purse.wantsReserve)
    }

    @Test mutating func accountThatWantedFirstIsServedFirst() throws {
        let others = (0..<4).map { purse.open(grant: 4, unit: "unit \($0)") }
        purse.lack(1, account)
        for other in others { purse.lack(1, other) }
        var served: [Int32] = []
        for _ in 0..<5 { served.append(try required().account) }
        #expect(served == [account] + others)
    }

    @Test mutating func closeCountsHoldsAsSpent() {
        for slice in [Position(5), 6] { _ = grant(slice, 10) }
        _ = take(7, holds: true)
        purse.close(account: account)
        #expect(purse.unclosed(limit: 10) == [.init(slice: 5, used: 7), .init(slice: 6, used: 0)])
        #expect(purse.available(account) == 0)
        #expect(purse.unclosed(limit: 1) == [.init(slice: 5, used: 7)])
        purse.closed([.init(slice: 5, used: 7)])
        #expect(purse.unclosed(limit: 10) == [.init(slice: 6, used: 0)], "until the ledger has it, it is told")
    }
}
