import PenstockCore
import Testing

/// What the ledger has refused for good is not asked for again by every call of a loop.
@Suite struct ExhaustedTests {
    private func node(_ budget: Budget = Budget(name: "b", unit: "usd", ceiling: 20, selector: .all)) throws
        -> DecidingNode
    {
        let node = try DecidingNode([Make.grant("g")])
        try node.add(.budgetCreated(budget))
        return node
    }

    private func call(_ amount: Int64) -> Call { Make.call { $0.amounts = CallAmounts([Amount("usd", amount)])! } }

    /// Has a call ask for what it lacks. Returns the request, and who takes its answer.
    private func ask(_ amount: Int64, _ node: inout DecidingNode) throws -> (Follower, Purse.Reserve) {
        var follower = Make.follower()
        _ = follower.tick(&node.enforcement, awaited: [], echoWanted: false, at: node.now) { 1 }
        follower.loaded(node.enforcement.view, head: node.position, into: &node.enforcement, at: node.now)
        node.renew()
        #expect(node.reason(call(amount)) == .budgetPending)
        let asks = follower.tick(&node.enforcement, awaited: [], echoWanted: false, at: node.now) { 1 }
        return (
            follower,
            try #require(asks.lazy.compactMap { if case .reserve(let reserve, _) = $0 { reserve } else { nil } }.first)
        )
    }

    private func refuse(
        _ asked: (Follower, Purse.Reserve), as code: Refusal.Code = .budgetExhausted, _ node: inout DecidingNode
    ) -> [Reason] {
        var (follower, reserve) = asked
        return follower.answered(reserve, granted: [], refused: [.init("usd", code)], &node.enforcement, at: node.now)
            .map(\.reason)
    }

    @Test func theSameCallIsDeniedAtOnce() throws {
        var node = try node()
        node.fund("usd", 4)
        #expect(node.reason(call(1)) == .none)
        let asked = try ask(10, &node)
        #expect(refuse(asked, &node) == [.budgetExhausted])
        for amount: Int64 in [10, 11] { #expect(node.reason(call(amount)) == .budgetExhausted) }
        #expect(!node.enforcement.purse.wantsReserve)
        #expect(node.reason(call(9)) == .budgetPending, "the ledger may have that much")
        #expect(node.reason(call(3)) == .none)
    }

    @Test func itIsAskedForAgainAfterAMoment() throws {
        var node = try node()
        let asked = try ask(10, &node)
        _ = refuse(asked, &node)
        node.now += 2 * .nanosecondsPerSecond
        node.renew()
        #expect(node.reason(call(10)) == .budgetPending)
    }

    /// The event may lie before the ledger's answer or behind it: the answer does not say.
    @Test(
        arguments: [EventKind.budgetCeilingSet(.named("b"), ceiling: 30, reason: ""), .debtsAccepted([], reason: "")],
        [true, false])
    func whatMakesRoomIsFollowedAtOnce(_ kind: EventKind, isBeforeTheAnswer: Bool) throws {
        var node = try node()
        let asked = try ask(10, &node)
        if isBeforeTheAnswer { try node.add(kind) }
        _ = refuse(asked, &node)
        if !isBeforeTheAnswer { try node.add(kind) }
        #expect(node.reason(call(10)) == .budgetPending)
    }

    @Test func whatMayComeBackIsAskedForAgain() throws {
        var node = try node()
        let asked = try ask(10, &node)
        #expect(refuse(asked, as: .budgetHeldElsewhere, &node) == [.budgetHeldElsewhere])
        #expect(node.reason(call(10)) == .budgetPending)
    }

    /// The next window opens only when the ledger is asked.
    @Test func whatHasWindowsIsAskedForAgain() throws {
        var node = try node(
            Budget(name: "b", unit: "usd", ceiling: 20, selector: .all, window: .fixed(milliseconds: 1000)))
        let asked = try ask(10, &node)
        #expect(refuse(asked, &node) == [.budgetExhausted])
        #expect(node.reason(call(10)) == .budgetPending)
    }

    @Test func whatCameBackDuringTheRequestMakesItWorthAnother() throws {
        var node = try node()
        node.fund("usd", 5)
        let held = node.hold([Amount("usd", 4)], as: 1)
        #expect(held.isAllow)
        let asked = try ask(10, &node)
        #expect(asked.1.parts.map(\.need) == [9])
        _ = node.enforcement.release(1)
        #expect(refuse(asked, &node) == [.budgetHeldElsewhere], "now it lacks 5, of which the ledger has said nothing")
        #expect(node.reason(call(10)) == .budgetPending)
    }
}
