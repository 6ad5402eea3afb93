internal import PenstockCore
internal import Testing

@Suite struct PurseTests {
    private var purse = Purse()
    private let account: Int32
    private var request: UInt64 = 0

    init() { account = purse.open(grant: 3, unit: "usd") }

    private mutating func next() -> Purse.Reserve? {
        request += 1
        return purse.nextReserve(at: 0, requestID: Make.incarnation(request))
    }

    private mutating func answer(_ reserve: Purse.Reserve, _ slice: Position, _ amount: Int64) -> Bool {
        purse.answered(reserve, granted: [.init(slice: slice, unit: "usd", amount: amount)], refused: [])
    }

    private mutating func required() throws -> Purse.Reserve {
        let reserve = next()
        return try #require(reserve)
    }

    private mutating func grant(_ slice: Position, _ amount: Int64, need: Int64 = 1) -> Bool {
        purse.lack(need, account)
        guard let reserve = next() else { return false }
        return answer(reserve, slice, amount)
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

    @Test mutating func sliceThatNobodyAwaitsOrThatCameBeforeChangesNothing() throws {
        purse.lack(1, account)
        let reserve = try required()
        var other = reserve
        other.requestID = Make.incarnation(99)
        let unasked = answer(other, 5, 10)
        let first = answer(reserve, 5, 10)
        let twice = answer(reserve, 5, 10)
        #expect([unasked, first, twice] == [false, true, false])
        #expect(purse.available(account) == 10)
    }

    @Test mutating func demandDoublesWhatIsAskedFor() throws {
        purse.lack(3, account)
        let first = try required()
        #expect([first.parts[0].need, first.parts[0].want] == [3, 24])
        _ = answer(first, 5, 24)
        // Above half of the last slice nothing is asked for; below, the next one is twice its size.
        _ = take(12)
        #expect(!purse.wantsReserve)
        _ = take(1)
        let second = try required()
        #expect([second.parts[0].need, second.parts[0].want] == [0, 48])
    }

    @Test(arguments: [(Int64(3999), Int64(48)), (4000, 24), (16_000, 24), (16_001, 12)])
    mutating func sliceThatLastedLongIsFollowedByASmallerOne(lastedMS: Int64, want: Int64) throws {
        _ = grant(5, 24, need: 3)
        _ = take(13)
        let reserve = purse.nextReserve(at: Make.milliseconds(lastedMS), requestID: Make.incarnation(77))
        #expect(reserve?.parts.map(\.want) == [want])
    }

    @Test mutating func oneRequestAtATimeAndTheNextBringsTheLargestLack() throws {
        purse.lack(3, account)
        let first = try required()
        for shortfall in [Int64(5), 9, 7] { purse.lack(shortfall, account) }
        let none = next()
        #expect(none == nil)
        _ = answer(first, 5, 3)
        let second = try required()
        #expect(second.parts.map(\.need) == [9])
        let further = next()
        #expect(further == nil)
    }

    @Test mutating func refusedNeedMayBeAskedForAgain() throws {
        purse.lack(3, account)
        let refused = try required()
        _ = purse.answered(refused, granted: [], refused: ["usd"])
        #expect(!purse.wantsReserve)
        purse.lack(2, account)
        let again = try required()
        #expect(again.parts.map(\.need) == [2])
    }

    @Test mutating func refusedRefillIsNotAskedForUntilACallLacks() throws {
        _ = grant(5, 10)
        _ = take(6)
        let refill = try required()
        #expect(refill.parts.map(\.need) == [0])
        _ = purse.answered(refill, granted: [], refused: ["usd"])
        _ = take(3)
        #expect(!purse.wantsReserve)
        purse.lack(4, account)
        let asked = try required()
        #expect(asked.parts.map(\.need) == [4])
        _ = answer(asked, 6, 8)
        _ = take(6)
        #expect(purse.wantsReserve)
    }

    @Test mutating func accountThatWantedFirstIsServedFirst() throws {
        let others = (4..<8).map { purse.open(grant: $0, unit: "usd") }
        purse.lack(1, account)
        for other in others { purse.lack(1, other) }
        var served: [Int32] = []
        for _ in 0..<5 { served += try required().parts.map(\.account) }
        #expect(served == [account] + others)
    }

    /// Else a smaller call that comes later would be told what only the larger one was.
    @Test mutating func aRefusalIsOfAllThatTheCallWanted() throws {
        _ = grant(1, 4)
        purse.lack(3, account)
        let part = try required().parts[0]
        #expect((part.need, part.amount) == (3, 3 + purse.available(account)))
    }

    @Test mutating func oneRequestAsksForAllThatItsGrantLacks() throws {
        let tokens = purse.open(grant: 3, unit: "tokens")
        purse.lack(3, account)
        purse.lack(5, tokens)
        let reserve = try required()
        #expect(
            Dictionary(uniqueKeysWithValues: reserve.parts.map { ($0.account, $0.need) }) == [account: 3, tokens: 5])
        let further = next()
        #expect(further == nil)
        _ = purse.answered(reserve, granted: [.init(slice: 5, unit: "tokens", amount: 5)], refused: ["usd"])
        #expect([purse.available(account), purse.available(tokens)] == [0, 5])
    }
}
