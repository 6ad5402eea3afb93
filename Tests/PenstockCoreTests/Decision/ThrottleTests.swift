internal import PenstockCore
internal import Testing

@Suite struct ThrottleTests {
    private func reasons(_ node: inout DecidingNode, _ count: Int, grant: String = "g") -> [Reason] {
        (0..<count).map { _ in node.reason(Make.call(grant)) }
    }

    @Test(arguments: [Selector.run("run-g"), .subtree("g"), .all, .node("n1")]) func windowAdmitsItsCallsAndNoMore(selector: Selector) throws {
        var node = try DecidingNode([Make.grant("g")])
        try node.add(Make.revoke(selector, .throttle(calls: 2, windowMS: 100)))
        #expect(reasons(&node, 3) == [.none, .none, .rateLimited])
        node.now += Make.milliseconds(99)
        #expect(reasons(&node, 1) == [.rateLimited])
        node.now += Make.milliseconds(1)
        #expect(reasons(&node, 3) == [.none, .none, .rateLimited])
    }

    @Test func throttleOfAnotherNodeOrRunCountsNothing() throws {
        var node = try DecidingNode([Make.grant("g")])
        try node.add(Make.revoke(.node("n2"), .throttle(calls: 0, windowMS: 100)))
        try node.add(Make.revoke(.run("run-h"), .throttle(calls: 0, windowMS: 100)))
        #expect(reasons(&node, 3) == [.none, .none, .none])
    }

    @Test func grantsUnderOneThrottleShareItsWindow() throws {
        var node = try DecidingNode([Make.grant("g"), Make.grant("h")])
        try node.add(Make.revoke(.issuer("issuer"), .throttle(calls: 2, windowMS: 100)))
        #expect(reasons(&node, 1, grant: "g") + reasons(&node, 2, grant: "h") == [.none, .none, .rateLimited])
    }

    @Test func tightestOfSeveralDecides() throws {
        var node = try DecidingNode([Make.grant("g")])
        try node.add(Make.revoke(.all, .throttle(calls: 5, windowMS: 100)))
        let tight = try node.add(Make.revoke(.run("run-g"), .throttle(calls: 1, windowMS: 50)))
        #expect(reasons(&node, 2) == [.none, .rateLimited])
        try node.add(Make.lift(tight))
        #expect(reasons(&node, 5) == [.none, .none, .none, .none, .rateLimited])
    }

    @Test func deniedCallsAreNotCounted() throws {
        var node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 9)] }])
        try node.add(Make.revoke(.all, .throttle(calls: 1, windowMS: 100)))
        #expect(node.reason(Make.call { $0.action = "mail" }) == .actionNotAllowed)
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", 1)])! }) == .budgetPending)
        #expect(reasons(&node, 2) == [.none, .rateLimited])
    }
}
