internal import PenstockCore
internal import Testing

/// When what was spent is told to the ledger.
@Suite struct FollowerReportTests {
    /// Ticks every 10 ms. Returns when, in milliseconds from the start, a report went out; each is taken at once.
    private func reports(seconds: Int64, spendsUntil: Int64) throws -> [Int64] {
        let view = try View(grants: [Make.grant("g") { $0.budgets = [Amount("usd", 10_000)] }])
        let node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 10_000)] }])
        var follower = Make.follower()
        let start = node.now
        _ = follower.tick(&node.enforcement, awaited: [], echoWanted: false, at: start) { 1 }
        follower.loaded(view, head: view.position, into: &node.enforcement, at: start)
        node.fund("usd", 10_000)
        var times: [Int64] = []
        for tick in 1...(seconds * 100) {
            node.now = start + Make.milliseconds(tick * 10)
            node.renew()
            if tick * 10 <= spendsUntil * 1000 {
                let verdict = node.decide(Make.call { $0.amounts = CallAmounts([Amount("usd", 1)])! })
                #expect(verdict.isAllow)
            }
            for ask in follower.tick(&node.enforcement, awaited: [], echoWanted: false, at: node.now, random: { 1 }) {
                guard case .report = ask else { continue }
                times.append(tick * 10)
                follower.taken(ask, &node.enforcement)
            }
        }
        return times
    }

    @Test func atSteadyDemandOneMessageStandsForTwoSeconds() throws {
        let times = try reports(seconds: 20, spendsUntil: 20)
        #expect((9...11).contains(times.count), "\(times)")
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= 2000 }, "\(times)")
    }

    @Test func afterAPauseItIsToldWithinHalfASecond() throws {
        let times = try reports(seconds: 8, spendsUntil: 1)
        #expect(times.first.map { $0 <= 500 } == true, "\(times)")
        #expect(
            times.count == 2, "what came after the first is told once more, and then there is nothing to tell: \(times)"
        )
    }
}
