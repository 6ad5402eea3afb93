internal import PenstockCore
internal import Testing

/// A child in a view: what it inherits, what stands on it, and that it never allows what its parent does not (G8).
@Suite struct DelegationTests {
    private let parent = Make.grant("p") {
        ($0.runID, $0.agentClass, $0.principalID, $0.purpose, $0.audience) = (
            "run", "class", "alice", "purpose", "tools"
        )
        ($0.workload, $0.approvalActions) = ("spiffe://w", ["pay.a*"])
        $0.conditions = [
            .init(path: "env", comparison: .equal, value: "test"), .init(path: "to", comparison: .notEqual, value: "x"),
        ]
        ($0.budgets, $0.maxAmounts) = ([Amount("usd", 100)], [Amount("usd", 10), Amount("eur", 7), Amount("usd", 12)])
        ($0.notBefore, $0.maxStalenessMS, $0.linearizable, $0.graceMS, $0.delegate) = (5, 200, true, 20, 2)
    }

    private let bare = Make.grant("c") { ($0.parent, $0.runID, $0.expiresAt, $0.delegate) = ("p", "", 0, 9) }

    private let own = Make.grant("c") {
        ($0.parent, $0.runID, $0.approvalActions) = ("p", "other", ["pay.b", "pay.a*"])
        $0.conditions = [
            .init(path: "own", comparison: .equal, value: "1"), .init(path: "env", comparison: .equal, value: "test"),
        ]
        ($0.budgets, $0.maxAmounts) = ([Amount("calls", 3)], [Amount("usd", 4), Amount("eur", 8), Amount("gbp", 1)])
        ($0.notBefore, $0.expiresAt, $0.maxStalenessMS, $0.graceMS, $0.delegate) = (6, 1000, 100, 30, 1)
    }

    @Test func unsetIsAsTheParentHasIt() throws {
        let view = try View(grants: [parent, bare])
        let child = view.placedGrant(1).grant
        #expect(
            (child.runID, child.principalID, child.audience, child.workload) == ("run", "alice", "tools", "spiffe://w"))
        #expect(
            (child.notBefore, child.expiresAt, child.maxStalenessMS, child.graceMS, child.delegate) == (
                5, parent.expiresAt, 200, 0, 1
            ))
        #expect(
            child.conditions == parent.conditions && child.approvalActions == parent.approvalActions
                && child.linearizable)
        #expect(child.maxAmounts == [Amount("eur", 7), Amount("usd", 10)])
        #expect(child.budgets.isEmpty && view.rules[Int(view.grants[1].rules)].meteredUnits == ["usd"])
    }

    @Test func ownBoundsStandBesideTheParents() throws {
        let view = try View(grants: [parent, own])
        let child = view.placedGrant(1).grant
        #expect(child.conditions == parent.conditions + own.conditions.prefix(1))
        #expect(child.approvalActions == ["pay.a*", "pay.b"])
        #expect(child.maxAmounts == [Amount("eur", 7), Amount("gbp", 1), Amount("usd", 4)])
        #expect(
            (child.runID, child.notBefore, child.expiresAt, child.maxStalenessMS, child.graceMS, child.delegate) == (
                "other", 6, 1000, 100, 20, 1
            ))
        #expect(view.rules[Int(view.grants[1].rules)].meteredUnits == ["calls", "usd"])
    }

    @Test func narrowingTwiceIsNarrowingOnce() {
        for child in [bare, own] {
            let once = child.narrowed(under: parent)
            #expect(once.narrowed(under: parent) == once)
        }
    }

    @Test func imageOfNarrowedGrantsIsThatOfTheFold() throws {
        var view = try View(grants: [parent, own])
        try view.add(.grantIssued(Make.grant("d") { ($0.parent, $0.runID, $0.expiresAt) = ("c", "", 0) }), by: "issuer")
        try view.add(.grantRenewed(grantID: "p", expiresAt: Make.wall * 9), by: "issuer")
        let loaded = try View(image: view.image)
        #expect(loaded.image == view.image)
        #expect(
            loaded.grants.indices.allSatisfy {
                loaded.rules[Int(loaded.grants[$0].rules)] == view.rules[Int(view.grants[$0].rules)]
            })
    }

    @Test(arguments: [
        Selector.grant("p"), .run("run"), .agent("agent-p"), .agentClass("class"), .principal("alice"),
        .purpose("purpose"), .audience("tools"),
        .issuer("issuer"), .subtree("p"), .all,
    ])
    func whatStandsOnTheParentStandsOnTheChild(selector: Selector) throws {
        var view = try View(grants: [parent, own, Make.grant("d") { $0.parent = "c" }, Make.grant("other")])
        let id = try view.add(Make.revoke(selector))
        #expect(["p", "c", "d"].map { view.marks(on: $0) } == [.revoked, .revoked, .revoked])
        #expect(view.matchedGrants(selector) == (selector == .all || selector == .issuer("issuer") ? 4 : 3))
        try view.add(Make.lift(id))
        #expect(view.marks(on: "d") == [])
    }

    @Test(arguments: [Selector.grant("c"), .run("other"), .subtree("c"), .agent("agent-c")])
    func whatStandsOnTheChildLeavesTheParentAlone(selector: Selector) throws {
        var view = try View(grants: [parent, own])
        try view.add(Make.revoke(selector))
        #expect((view.marks(on: "p"), view.marks(on: "c")) == ([], .revoked))
    }

    // MARK: Any tree, any call

    /// Children of every kind, of which the ledger takes some. What it took never allows what an ancestor denies.
    @Test(arguments: 0..<20 as Range<UInt64>) func childIsNeverAllowedMoreThanItsAncestors(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var ledger = try Ledger(settings: Settings(maxStalenessMS: 1000, maxGraceMS: 100, clockRatePPM: 0, marginMS: 0))
        var taken: [Grant] = []
        for number in 0..<60 {
            let grant = randomGrant(number, of: number % 6 == 0 ? nil : taken.randomElement(using: &random), &random)
            guard ledger.refusal(.grantIssued(grant), by: "issuer") == nil else { continue }
            try ledger.add(.grantIssued(grant), by: "issuer")
            taken.append(grant)
        }
        let children = taken.filter { !$0.parent.isEmpty }
        #expect(children.count >= 10, "too few to show anything")
        let node = try DecidingNode(taken, settings: ledger.state.view.settings)
        var allowed = 0
        for step in 0..<200 {
            if step % 20 == 0 {
                node.now += Make.milliseconds(Int64.random(in: 0...120, using: &random))
                node.renew(wall: Make.wall + Int64.random(in: 0...900, using: &random))
            }
            let stale = node.now + Make.milliseconds(Int64.random(in: 0...1200, using: &random))
            let arrival = Bool.random(using: &random) ? node.now : stale
            let call = randomCall(&random)
            func isAllowed(_ grant: String) -> Bool {
                var asked = call
                asked.credential = Make.id("credential of \(grant)")
                // What lacks a slice only has passed every other check.
                return [.none, .budgetPending].contains(
                    node.enforcement.prepare(asked, arrivedAt: arrival, now: stale).reason)
            }
            for child in children where isAllowed(child.grantID) {
                allowed += 1
                #expect(isAllowed(child.parent), "\(child) under \(taken.first { $0.grantID == child.parent }!)")
            }
        }
        #expect(allowed > 20, "too few to show anything")
    }

    /// A root that allows much, or a copy of its parent, with a few things changed, for more or for less.
    private func randomGrant(_ number: Int, of parent: Grant?, _ random: inout SplitMix) -> Grant {
        func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
        var grant =
            parent
            ?? Make.grant("") {
                ($0.allowedActions, $0.resources, $0.graceMS, $0.delegate) = (["*"], ["invoice:*", "note:*"], 100, 8)
            }
        (grant.grantID, grant.parent, grant.credentialDigest) = (
            "g\(number)", parent?.grantID ?? "", Make.id("credential of g\(number)")
        )
        if let parent { grant.delegate = max(parent.delegate, 1) - 1 }
        for _ in 0..<3 {
            switch Int.random(in: 0..<14, using: &random) {
            case 0: grant.audience = pick(["", "tools"])
            case 1: grant.workload = pick(["", "w"])
            case 2: grant.principalID = pick(["", "alice"])
            case 3: grant.allowedActions = pick([["*"], ["pay.*"], ["pay.*", "read"], ["pay.send"]])
            case 4:
                grant.resources = pick([
                    ["invoice:*", "note:*"], ["invoice:*"], ["invoice:4*"], ["invoice:42", "note:7"],
                ])
            case 5:
                grant.conditions = pick([
                    [], [.init(path: "amount", comparison: .less, value: "\(pick([5, 10]))")],
                    [.init(path: "env", comparison: .equal, value: "test")],
                ])
            case 6: grant.notBefore = pick([0, Make.wall, Make.wall + 300])
            case 7:
                grant.expiresAt = pick([
                    Make.wall + 400, Make.wall + 800, Make.wall + 10_000, parent == nil ? Make.wall + 600 : 0,
                ])
            case 8: grant.budgets = pick([[], [Amount("usd", pick([10, 20]))]])
            case 9: grant.maxAmounts = pick([[], [Amount("usd", pick([3, 6]))]])
            case 10: grant.maxStalenessMS = pick([0, 300, 600])
            case 11: grant.linearizable = pick([false, true])
            case 12: grant.graceMS = pick([0, 50, 100])
            default: grant.approvalActions = pick([[], ["pay.s*"], ["read"]])
            }
        }
        return grant
    }

    private func randomCall(_ random: inout SplitMix) -> Call {
        func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
        return Make.call {
            ($0.action, $0.resourceType) = (pick(["pay.send", "pay.get", "read", "write"]), pick(["invoice", "note"]))
            ($0.resourceID, $0.presented.workload) = (pick(["4", "42", "7", "x"]), pick(["", "w"]))
            $0.attributes = pick([[:], ["amount": "\(pick([1, 7, 12]))", "env": pick(["test", "live"])]])
            $0.amounts = CallAmounts(pick([[], [Amount("usd", pick([2, 5, 8]))]]))!
        }
    }
}
