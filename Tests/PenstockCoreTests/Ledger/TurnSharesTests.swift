internal import PenstockCore
internal import Testing

@Suite struct TurnSharesTests {
    private var shares = TurnShares<String>()

    private mutating func offer(_ count: Int, of member: String, in lane: Lane, cost: Int64 = 200) -> Int {
        var taken = 0
        for number in 0..<count where shares.offer("\(member)\(number)", of: member, in: lane, cost: cost) {
            taken += 1
        }
        return taken
    }

    @Test mutating func whoAsksForMoreWaitsBehindItselfOnly() {
        _ = offer(500, of: "loud", in: .spend)
        _ = offer(2, of: "quiet", in: .spend)
        let taken = shares.take(.spend, at: 0)
        #expect(taken.contains("quiet0") && taken.contains("quiet1"))
        #expect(Int64(taken.count) * 200 <= Lane.spend.workPerTurn)
    }

    @Test mutating func aMemberBelowItsShareIsNeverRefusedForAnother() {
        for member in 0..<50 { _ = offer(2000, of: "loud\(member)", in: .query) }
        let taken = offer(Lane.query.mostWaiting, of: "quiet", in: .query)
        let more = offer(1, of: "quiet", in: .query)
        #expect(taken == Lane.query.mostWaiting && more == 0)
    }

    @Test mutating func everyMemberHasTheSameWorkWhateverItsRequestsCost() {
        _ = offer(400, of: "cheap", in: .spend, cost: 100)
        _ = offer(400, of: "dear", in: .spend, cost: 1000)
        var taken: [String: Int64] = [:]
        for _ in 0..<5 {
            for work in shares.take(.spend, at: 0) {
                taken[String(work.prefix { $0.isLetter }), default: 0] += work.hasPrefix("cheap") ? 100 : 1000
            }
        }
        #expect(abs(taken["cheap"]! - taken["dear"]!) <= 1000)
    }

    @Test mutating func oneMembersRequestsKeepTheirOrder() {
        _ = offer(300, of: "a", in: .submission)
        var taken: [String] = []
        while shares.nextDue(at: 0) != nil { taken += shares.take(.submission, at: 0) }
        #expect(taken == (0..<300).map { "a\($0)" })
    }

    @Test mutating func aRequestThatCostsMoreThanARoundIsTakenUpAllTheSame() {
        _ = offer(1, of: "a", in: .spend, cost: 7 * TurnCost.page)
        let taken = shares.take(.spend, at: 0)
        #expect(taken == ["a0"])
        #expect(shares.nextDue(at: 0) == nil)
    }

    @Test mutating func aTurnsWorkIsBoundedAndTheNextGoesOn() {
        for member in ["a", "b", "c"] { _ = offer(20, of: member, in: .query, cost: TurnCost.page) }
        let first = shares.take(.query, at: 0)
        let second = shares.take(.query, at: 0)
        #expect(first.count == Int(Lane.query.workPerTurn / TurnCost.page))
        #expect(first + second == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2"])
    }

    @Test mutating func lanesDoNotShareTheirQueues() {
        _ = offer(1000, of: "a", in: .query)
        let offered = offer(3, of: "a", in: .lease)
        let taken = shares.take(.lease, at: 0)
        #expect(offered == 3 && taken == ["a0", "a1", "a2"])
    }

    @Test mutating func whoIsSentMoreThanItsShareWaitsAndOthersDoNot() {
        _ = offer(2, of: "loud", in: .query, cost: TurnCost.page)
        shares.replied(Int(Limits.replyBurstBytes + Limits.replyBytesPerSecond), to: "loud", at: 0)
        let none = shares.take(.query, at: 0)
        let due = shares.nextDue(at: 0) ?? 0
        #expect(none == [])
        #expect((.nanosecondsPerSecond...1_010 * .nanosecondsPerMillisecond).contains(due))
        _ = offer(1, of: "quiet", in: .query, cost: TurnCost.page)
        #expect(shares.nextDue(at: 0) == 0)
        let quiet = shares.take(.query, at: 0)
        let loud = shares.take(.query, at: due)
        #expect(quiet == ["quiet0"] && loud == ["loud0", "loud1"])
        #expect(shares.nextDue(at: due) == nil)
    }
}
