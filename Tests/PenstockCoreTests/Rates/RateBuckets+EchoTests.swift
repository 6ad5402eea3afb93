internal import PenstockCore
internal import Testing

@Suite struct RateBucketsEchoTests {
    private static let ten = Rate(unit: "calls", limit: 10, periodMS: 1000)
    private func ms(_ count: Int64) -> Nanoseconds { Make.milliseconds(count) }

    @Test func lowerSharePassesOnItsTokensAndKeepsTheRest() {
        var node = Bucket(Self.ten)
        node.told(Rate.whole / 2, 0, at: 0)
        #expect(node.buckets.statement(term: ms(1000), at: 0).lines[0].returned == UInt64(5 * Rate.whole))
        let left = node.drain(at: 0)
        #expect(left == 5)
    }

    @Test func withoutAnAnswerForItsTermItHoldsNothing() {
        var node = Bucket(Self.ten, term: ms(1000))
        let before = node.admit(1, at: ms(999))
        let after = node.admit(1, at: ms(1000))
        #expect([before, after] == [.admit, .wait])
        #expect(node.buckets.statement(term: ms(1000), at: ms(1000)).lines[0].held == 0)
    }

    @Test func aLateAnswerDoesNotBringBackWhatHasLapsed() {
        var node = Bucket(Self.ten, term: ms(1000))
        let statement = node.buckets.statement(term: ms(1000), at: ms(900))
        let line = RateReply.Line(id: statement.lines[0].id, share: Rate.whole, granted: 0)
        let reply = RateReply(stamp: RateStamp(epoch: 1, number: 9), answers: statement.sequence, lines: [line])
        node.buckets.answered(reply, at: ms(1100))
        let answer = node.admit(1, at: ms(1100))
        #expect(answer == .wait)
    }

    @Test func anOlderAnswerAndTheSameTwiceChangeNothing() {
        var node = Bucket(Self.ten, tokens: 0)
        let first = node.buckets.statement(term: ms(1000), at: 0)
        let second = node.buckets.statement(term: ms(1000), at: 0)
        func reply(_ number: UInt64, _ statement: RateStatement, _ share: Int64) -> RateReply {
            let line = RateReply.Line(id: statement.lines[0].id, share: share, granted: 0)
            return RateReply(stamp: RateStamp(epoch: 1, number: number), answers: statement.sequence, lines: [line])
        }
        let followed = [
            node.buckets.answered(reply(11, second, 5), at: 0), node.buckets.answered(reply(10, first, 9), at: 0),
            node.buckets.answered(reply(11, second, 9), at: 0),
        ]
        #expect(followed == [true, false, false])
        #expect(node.buckets.share(node.key, at: 0) == 5)
    }

    @Test func dropAllLeavesNothingAndVoidsWhatIsUnderWay() {
        var node = Bucket(Self.ten)
        let statement = node.buckets.statement(term: ms(1000), at: 0)
        node.buckets.dropAll()
        let followed = node.buckets.answered(
            RateReply(stamp: RateStamp(epoch: 1, number: 9), answers: statement.sequence, lines: []), at: 0)
        let answer = node.admit(1, at: 0)
        #expect(!followed)
        #expect(answer == .wait)
    }
}
