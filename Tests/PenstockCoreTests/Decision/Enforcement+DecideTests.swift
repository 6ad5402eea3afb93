internal import PenstockCore
internal import Testing

/// What a decision looks at, check by check.
@Suite struct DecideTests {
    @Test func verdictSaysWhatItWasMadeOn() throws {
        let node = try DecidingNode([Make.grant("g")])
        node.now += Make.milliseconds(30)
        let verdict = node.decide(Make.call())
        #expect(verdict.isAllow)
        #expect(verdict.grant == 0)
        #expect(verdict.position == 2)
        #expect(verdict.viewAge == Make.milliseconds(30))
        #expect(verdict.usableUntil == node.now + Make.milliseconds(970))
    }

    @Test(arguments: [("", true), ("tools", true), ("elsewhere", false)]) func audienceIsOneOfTheNodes(
        audience: String, allowed: Bool
    ) throws {
        let node = try DecidingNode([Make.grant("g") { $0.audience = audience }])
        #expect(node.reason(Make.call()) == (allowed ? .none : .wrongAudience))
    }

    @Test(arguments: [
        ("", "spiffe://a", true), ("spiffe://a", "spiffe://a", true), ("spiffe://a", "", false),
        ("spiffe://a", "spiffe://ab", false),
    ])
    func workloadIsTheGrants(workload: String, shown: String, allowed: Bool) throws {
        let node = try DecidingNode([Make.grant("g") { $0.workload = workload }])
        #expect(node.reason(Make.call { $0.presented.workload = shown }) == (allowed ? .none : .wrongWorkload))
    }

    @Test func conditionsMustAllHold() throws {
        let node = try DecidingNode([
            Make.grant("g") {
                $0.conditions = [
                    .init(path: "amount", comparison: .lessOrEqual, value: "10"),
                    .init(path: "to", comparison: .equal, value: "x"),
                ]
            }
        ])
        #expect(node.reason(Make.call { $0.attributes = ["amount": "10", "to": "x"] }) == .none)
        #expect(node.reason(Make.call { $0.attributes = ["amount": "11", "to": "x"] }) == .resourceOutOfBounds)
        #expect(node.reason(Make.call { $0.attributes = ["amount": "10"] }) == .resourceOutOfBounds)
    }

    @Test func noResourceInTheGrantAllowsNone() throws {
        let node = try DecidingNode([Make.grant("g") { $0.resources = [] }])
        #expect(node.reason(Make.call()) == .resourceOutOfBounds)
    }

    /// The ledger's clock is known to a few milliseconds; doubt counts against the grant on both sides.
    @Test func timeBoundsAreHeldAgainstTheLedgersClock() throws {
        let node = try DecidingNode([
            Make.grant("g") { ($0.notBefore, $0.expiresAt) = (Make.wall + 100, Make.wall + 500) }
        ])
        #expect(node.reason(Make.call()) == .notYetValid)
        node.now += Make.milliseconds(102)
        #expect(node.reason(Make.call()) == .none)
        node.now += Make.milliseconds(390)
        #expect(node.reason(Make.call()) == .none)
        node.now += Make.milliseconds(8)
        #expect(node.reason(Make.call()) == .expired)
    }

    @Test func renewalIsInForceOnceFolded() throws {
        let node = try DecidingNode([Make.grant("g") { $0.expiresAt = Make.wall - 5 }])
        #expect(node.reason(Make.call()) == .expired)
        try node.add(.grantRenewed(grantID: "g", expiresAt: Make.wall + 5000), by: "issuer")
        #expect(node.reason(Make.call()) == .none)
    }

    @Test func childDiesWithItsParent() throws {
        let parent = Make.grant("p") { $0.expiresAt = Make.wall + 100 }
        var node = try DecidingNode([parent, Make.grant("g") { $0.parent = "p" }])
        #expect(node.reason(Make.call()) == .none)
        node.now += Make.milliseconds(100)
        #expect(node.reason(Make.call()) == .expired)
        node = try DecidingNode([Make.grant("p"), Make.grant("g") { $0.parent = "p" }])
        try node.add(Make.revoke(.grant("p")))
        #expect(node.reason(Make.call()) == .revoked)
    }

    @Test(arguments: [Selector.node("n1"), .all]) func revokeOfTheNodeOrOfAllDeniesEverything(selector: Selector) throws
    {
        let node = try DecidingNode([Make.grant("g"), Make.grant("h")])
        let id = try node.add(Make.revoke(selector))
        #expect([node.reason(Make.call("g")), node.reason(Make.call("h"))] == [.revoked, .revoked])
        try node.add(Make.lift(id))
        #expect(node.reason(Make.call("g")) == .none)
        try node.add(Make.revoke(.node("n2")))
        #expect(node.reason(Make.call("g")) == .none)
    }

    @Test func urgentRevokeDeniesAtOnce() throws {
        let node = try DecidingNode([Make.grant("g")])
        let isNew = node.enforcement.applyAhead(Make.event(Make.id("u"), Make.revoke(.run("run-g"))), at: 9)
        #expect(isNew)
        #expect(node.reason(Make.call()) == .revoked)
    }

    @Test func haltedNodeHasNoView() throws {
        let node = try DecidingNode([Make.grant("g")])
        node.enforcement.halt("first")
        node.enforcement.halt("second")
        #expect(node.enforcement.halted == "first")
        node.renew()
        #expect(node.reason(Make.call()) == .noView)
        #expect(node.enforcement.node.preview(Make.call(), now: node.now).reason == .noView)
        #expect(node.enforcement.isFresh(at: node.now) == false)
    }

    @Test func foldThatFailsHaltsTheNode() throws {
        let node = try DecidingNode([Make.grant("g")])
        #expect(throws: FoldError.self) {
            try node.enforcement.apply(Make.event(Make.id("x"), .settingsChanged(.standard)), at: 9)
        }
        #expect(node.enforcement.halted != nil)
        #expect(node.reason(Make.call()) == .noView)
    }

    @Test func previewTakesAndCountsNothing() throws {
        let node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 9)] }])
        node.fund("usd", 9)
        let call = Make.call { $0.amounts = CallAmounts([Amount("usd", 9)])! }
        for _ in 0..<3 {
            let preview = node.enforcement.node.preview(call, now: node.now).reason
            #expect(preview == .none)
        }
        #expect(node.available("usd") == 9)
        #expect(node.reason(call) == .none)
    }

    @Test func previewDeniesWhatADecisionWould() throws {
        let node = try DecidingNode([Make.grant("g")])
        #expect(
            node.enforcement.node.preview(Make.call { $0.action = "mail" }, now: node.now).reason == .actionNotAllowed)
        #expect(node.enforcement.node.preview(Make.call("h"), now: node.now).reason == .unknownCredential)
        #expect(node.enforcement.node.preview(Make.call { $0.atLeast = 3 }, now: node.now).reason == .staleView)
        try node.add(Make.revoke(.all))
        #expect(node.enforcement.node.preview(Make.call(), now: node.now).reason == .revoked)
        node.now += Make.milliseconds(1000)
        #expect(node.enforcement.node.preview(Make.call(), now: node.now).reason == .staleView)
    }
}
