internal import PenstockCore
internal import Testing

/// What the ledger tells a node, statement by statement, where chance would seldom lead.
@Suite struct RateTableTests {
    private static let rate = Rate(unit: "calls", limit: 1000, periodMS: 1000)

    private struct Desk {
        var table = RateTable(epoch: 2, startedAt: 0, bound: Make.milliseconds(1000))
        var isNew = true
        private var sequence: UInt64 = 0
        private var asked: [UInt64: UInt64] = [:]

        /// A node asks for as much as the whole rate, at a time in milliseconds.
        mutating func state(_ node: UInt64, held: Int64, seen: RateStamp, returned: UInt64 = 0, at time: Int64) -> (
            share: Int64, stamp: RateStamp
        ) {
            sequence += 1
            asked[node, default: 0] += 500
            let line = RateStatement.Line(
                id: 1, key: .named("r"), held: held, asked: asked[node]!, largest: 1, refused: true, returned: returned)
            let isNew = isNew
            let reply = table.answer(
                RateStatement(sequence: sequence, seen: seen, lines: [line]), of: Make.incarnation(node),
                at: Make.milliseconds(time)
            ) { _ in
                .init(RateTableTests.rate, isOfThisProcess: isNew)
            }!
            #expect(table.imbalance == nil)
            return (reply.lines[0].share, reply.stamp)
        }
    }

    private let none = RateStamp(epoch: 2, number: 0)

    @Test func nothingHigherIsToldUntilALowerShareIsConfirmed() {
        var desk = Desk()
        // Two have a half each; a third that comes takes from both.
        let all = desk.state(1, held: 0, seen: none, at: 0)
        _ = desk.state(2, held: 0, seen: none, at: 0)
        _ = desk.state(2, held: 0, seen: none, at: 250)
        let less = desk.state(1, held: all.share, seen: all.stamp, at: 250)
        #expect(less.share < all.share)
        let half = desk.state(1, held: less.share, seen: less.stamp, at: 500)
        #expect(half.share == Rate.whole / 2)
        _ = desk.state(2, held: 0, seen: none, at: 500)
        _ = desk.state(3, held: 0, seen: none, at: 500)
        let third = desk.state(1, held: half.share, seen: half.stamp, at: 750)
        #expect(third.share < half.share)
        for node in [2, 3] as [UInt64] { desk.table.ended(Make.incarnation(node), at: Make.milliseconds(750)) }
        // This statement was made before the answer came.
        let unconfirmed = desk.state(1, held: half.share, seen: half.stamp, at: 1000)
        #expect(unconfirmed.share == third.share)
        let confirmed = desk.state(1, held: third.share, seen: unconfirmed.stamp, at: 1250)
        #expect(confirmed.share == Rate.whole)
    }

    @Test func aClaimIsBelievedOnlyWhileAnEarlierProcessMayHaveGivenIt() {
        var early = Desk()
        early.isNew = false
        let believed = early.state(1, held: 900, seen: RateStamp(epoch: 1, number: 7), at: 999)
        #expect(believed.share == 900)
        var late = Desk()
        late.isNew = false
        let refused = late.state(1, held: 900, seen: RateStamp(epoch: 1, number: 7), at: 1000)
        #expect(refused.share == 0)
    }

    @Test func nothingIsGivenWhileAnEarlierProcessMayHaveGivenIt() {
        var desk = Desk()
        desk.isNew = false
        let early = desk.state(1, held: 0, seen: none, at: 999)
        let late = desk.state(1, held: 0, seen: early.stamp, at: 1000)
        #expect([early.share, late.share] == [0, Rate.whole])
    }

    @Test func whatAnEarlierProcessLoweredIsNotRaisedAgain() {
        var desk = Desk()
        desk.isNew = false
        let old = desk.state(1, held: 900, seen: RateStamp(epoch: 1, number: 7), at: 100)
        _ = desk.state(1, held: 950, seen: RateStamp(epoch: 1, number: 8), at: 150)
        // It has followed the first answer, but had been told less in between.
        let now = desk.state(1, held: 300, seen: old.stamp, at: 200)
        #expect(now.share == 300)
    }

    @Test func moreClaimsThanTheWholeAreDebtAndNothingIsGiven() {
        var desk = Desk()
        desk.isNew = false
        let claims = (1...3).map { desk.state($0, held: Rate.whole / 2, seen: none, at: 100).share }
        #expect(claims == [Rate.whole / 2, Rate.whole / 2, Rate.whole / 2])
        let fourth = desk.state(4, held: 0, seen: none, at: 1000)
        #expect(fourth.share == 0)
    }

    @Test func aNodeCountsWhatItReturnedAnewForAnotherProcess() {
        var node = Bucket(Self.rate)
        let statement = node.buckets.statement(term: Make.milliseconds(1000), at: 0)
        let line = RateReply.Line(id: statement.lines[0].id, share: Rate.whole / 2, granted: 0)
        node.buckets.answered(
            RateReply(stamp: RateStamp(epoch: 2, number: 1), answers: statement.sequence, lines: [line]), at: 0)
        let next = node.buckets.statement(term: Make.milliseconds(1000), at: 0).lines[0]
        #expect(next.held == Rate.whole / 2)
        #expect(next.returned == 0)
    }

    /// Tokens come back with parts by a node's word: whatever it says, the sums stay within their bounds.
    @Test func aNodeThatReturnsAnyNumberOfTokensBreaksNoSum() {
        var desk = Desk()
        var (held, seen): ([UInt64: Int64], [UInt64: RateStamp]) = ([:], [:])
        var time: Int64 = 0
        for cycle in 0..<600 {
            for step in 0..<4 {
                time += 60
                if step == 1 { _ = desk.state(3, held: 0, seen: none, at: time) }
                for node in [1, 2] as [UInt64] {
                    let told = desk.state(
                        node, held: held[node] ?? 0, seen: seen[node] ?? none, returned: cycle % 2 == 0 ? 0 : 1 << 63,
                        at: time)
                    (held[node], seen[node]) = (told.share, told.stamp)
                }
            }
            desk.table.ended(Make.incarnation(3), at: Make.milliseconds(time))
        }
        #expect(held.values.reduce(0, +) <= Rate.whole)
    }
}
