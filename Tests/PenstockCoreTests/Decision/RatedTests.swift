internal import PenstockCore
internal import Testing

/// Rates in a decision: all that a call falls under admit it, or nothing is taken.
@Suite struct RatedTests {
    /// A node, and the ledger's table that gives it its parts.
    private struct Rated {
        var node: DecidingNode
        private var table = RateTable(epoch: 1, startedAt: 0, bound: Make.milliseconds(1100))

        init(_ grants: [Grant]) throws { node = try DecidingNode(grants) }

        /// What a call is told, once the node has had its echoes answered.
        mutating func reason(_ call: Call = Make.call("g"), rounds: Int = 0) -> Reason {
            for _ in 0..<rounds {
                _ = node.reason(call)
                node.now += Make.milliseconds(30)
                let view = node.enforcement.view
                let statement = node.enforcement.rateStatement(at: node.now)
                let told = table.answer(statement, of: Make.incarnation(1), at: node.now) { key in
                    view.rate(key).map { .init($0.rate, isOfThisProcess: true) }
                }
                node.enforcement.echoSent(nonce: 77, at: node.now)
                _ = node.enforcement.echoAnswered(
                    EchoReply(nonce: 77, epoch: 1, head: node.position, ledgerTime: Make.wall, rates: told),
                    at: node.now)
            }
            return node.reason(call)
        }

        mutating func allowed(_ count: Int, _ call: Call = Make.call("g")) -> Int {
            (0..<count).count { _ in node.reason(call) == .none }
        }
    }

    private static func grant(_ rates: Rate..., name: String = "g", _ change: (inout Grant) -> Void = { _ in }) -> Grant
    {
        Make.grant(name) { grant in
            grant.rates = rates
            change(&grant)
        }
    }

    @Test func callsAreCountedWhetherOrNotTheySaySo() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 4, periodMS: 10_000))])
        #expect(rated.reason() == .budgetPending, "its part may be on its way")
        // Those of the rounds count, too: each waits, and one of them is the first that passes.
        #expect(rated.reason(rounds: 3) == .none)
        let left = rated.allowed(10)
        #expect((1...3).contains(left))
        #expect(rated.node.reason(Make.call("g")) == .rateLimited)
        rated.node.now += Make.milliseconds(2600)
        rated.node.renew()
        #expect(rated.reason(rounds: 1) == .none || rated.node.reason(Make.call("g")) == .rateLimited)
    }

    @Test func aUnitWithARateOfTheGrantsOwnNeedsNoBudget() throws {
        var rated = try Rated([Self.grant(Rate(unit: "tokens", limit: 100, periodMS: 1000))])
        try rated.node.add(.rateCreated(NamedRate(Rate(name: "r", unit: "files", limit: 9, periodMS: 1000), for: .all)))
        let tokens = Make.call("g") { $0.amounts = CallAmounts([Amount("tokens", 1)])! }
        #expect(rated.reason(tokens, rounds: 3) == .none)
        // What an operator bounds, no issuer has given by that.
        #expect(
            rated.reason(Make.call("g") { $0.amounts = CallAmounts([Amount("files", 1)])! }, rounds: 3)
                == .unitNotBudgeted)
    }

    @Test func aRefusalSaysWhenItMayFit() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 1, periodMS: 2000))])
        _ = rated.reason(rounds: 3)
        _ = rated.allowed(2)
        let verdict = rated.node.decide(Make.call("g"))
        #expect(verdict.reason == .rateLimited)
        #expect(
            (Make.milliseconds(1500)...Make.milliseconds(2010)).contains(verdict.retryAfter), "\(verdict.retryAfter)")
    }

    @Test func moreThanTheBurstCanNeverPass() throws {
        var rated = try Rated([
            Self.grant(Rate(unit: "tokens", limit: 100, periodMS: 1000, burst: 10)) {
                $0.budgets = [Amount("tokens", 1000)]
            }
        ])
        #expect(rated.reason(Make.call("g") { $0.amounts = CallAmounts([Amount("tokens", 11)])! }) == .amountOverLimit)
        rated.node.fund("tokens", 1)
        #expect(
            rated.reason(Make.call("g") { $0.amounts = CallAmounts([Amount("tokens", 0)])! }) == .none,
            "nothing is asked of it")
    }

    @Test func unratedGrantsAreNotHeldUp() throws {
        var rated = try Rated([Self.grant(), Self.grant(Rate(unit: "calls", limit: 1, periodMS: 1000), name: "h")])
        try rated.node.add(
            .rateCreated(
                NamedRate(Rate(name: "r", unit: "calls", limit: 1, periodMS: 1000), for: .agent("somebody else"))))
        #expect(rated.allowed(5) == 5)
        #expect(rated.node.enforcement.shards[0].rates.count == 0)
    }

    @Test func everyRateThatCoversACallIsTakenFromAndNoneIfOneRefuses() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 100, periodMS: 60_000)) { $0.principalID = "ann" }]
        )
        try rated.node.add(
            .rateCreated(
                NamedRate(Rate(name: "ann", unit: "calls", limit: 3, periodMS: 60_000), for: .principal("ann"))))
        #expect(rated.node.enforcement.view.rates(ofGrant: 0).map(\.rate.limit) == [100, 3])
        #expect(rated.reason(rounds: 4) == .none)
        _ = rated.allowed(5)
        let before = rated.node.enforcement.shards[0].rates
        #expect(rated.node.reason(Make.call("g")) == .rateLimited)
        #expect(before.share(.grant("g", unit: "calls"), at: rated.node.now) > 0)
    }

    @Test func whatIsUndoneComesBack() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 3, periodMS: 60_000))])
        #expect(rated.reason(rounds: 3) == .none)
        for _ in 0..<10 { rated.node.enforcement.undo(held: false) }
        #expect(rated.allowed(1) == 1)
        rated.node.enforcement.undo(held: false)
        let left = rated.allowed(10)
        var again = rated
        again.node.enforcement.undo(held: false)
        #expect(left >= 1 && again.allowed(10) == 0, "the last of them was refused: there is nothing to undo")
    }

    @Test func aChildIsHeldToWhatStandsAboveIt() throws {
        let parent = Self.grant(Rate(unit: "calls", limit: 2, periodMS: 60_000), name: "p") { $0.delegate = 1 }
        let rated = try Rated([parent, Self.grant(Rate(unit: "calls", limit: 1, periodMS: 60_000)) { $0.parent = "p" }])
        #expect(
            rated.node.enforcement.view.rates(ofGrant: 1).map(\.key) == [
                .grant("g", unit: "calls"), .grant("p", unit: "calls"),
            ])
    }

    @Test(arguments: [
        (Rate(unit: "u", limit: 10, periodMS: 1000), true), (Rate(unit: "u", limit: 1, periodMS: 100), true),
        (Rate(unit: "u", limit: 11, periodMS: 1000), false), (Rate(unit: "u", limit: 10, periodMS: 999), false),
        (Rate(unit: "u", limit: 1, periodMS: 1000, burst: 11), false),
    ])
    func aRateIsWithinAnotherOne(rate: Rate, isWithin: Bool) {
        #expect(rate.isWithin(Rate(unit: "u", limit: 10, periodMS: 1000)) == isWithin)
    }

    @Test func theLeastOfThrottlesIsLeftOfARate() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 1000, periodMS: 1000))])
        try rated.node.add(Make.revoke(.run("run-g"), .scale(percent: 50)))
        let least = try rated.node.add(Make.revoke(.all, .scale(percent: 10)))
        try rated.node.add(Make.revoke(.run("run-h"), .scale(percent: 1)))
        try rated.node.add(Make.revoke(.node("n2"), .scale(percent: 1)))
        #expect(rated.reason(rounds: 3) == .none)
        rated.node.now += Make.milliseconds(900)
        rated.node.renew()
        let throttled = rated.allowed(2000)
        _ = rated.reason(rounds: 1)
        try rated.node.add(Make.lift(least))
        rated.node.now += Make.milliseconds(900)
        rated.node.renew()
        #expect((80...105).contains(throttled), "\(throttled)")
        #expect((380...520).contains(rated.allowed(2000)))
    }

    @Test func aThrottleOfANodeScalesWhatItAdmits() throws {
        var rated = try Rated([Self.grant(Rate(unit: "calls", limit: 1000, periodMS: 1000))])
        try rated.node.add(Make.revoke(.node("n1"), .scale(percent: 10)))
        #expect(rated.reason(rounds: 3) == .none)
        rated.node.now += Make.milliseconds(900)
        rated.node.renew()
        #expect(rated.allowed(2000) < 110)
    }
}
