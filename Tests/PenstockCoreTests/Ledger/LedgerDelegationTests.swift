internal import PenstockCore
internal import Testing

/// What the ledger refuses of a child grant, and in which words.
@Suite struct LedgerDelegationTests {
    private static let soon = Make.wall + 1000

    /// Bounded in every way there is.
    private static let parent = Make.grant("p") {
        ($0.runID, $0.principalID, $0.audience, $0.workload) = ("run", "alice", "tools", "spiffe://w")
        ($0.allowedActions, $0.resources) = (["pay.*", "read"], ["invoice:4*", "note:7"])
        $0.conditions = [.init(path: "env", comparison: .equal, value: "test")]
        ($0.notBefore, $0.expiresAt, $0.renewableUntil) = (Make.wall - 100, soon, soon + 500)
        ($0.budgets, $0.maxAmounts) = ([Amount("usd", 100)], [Amount("usd", 10)])
        ($0.maxStalenessMS, $0.graceMS, $0.delegate) = (200, 20, 3)
    }

    private static func child(_ change: (inout Grant) -> Void = { _ in }) -> Grant {
        var grant = Grant()
        (grant.grantID, grant.agentID, grant.parent, grant.credentialDigest) = (
            "c", "helper", "p", Make.id("credential of c")
        )
        (grant.allowedActions, grant.resources) = (["pay.send"], ["invoice:42"])
        change(&grant)
        return grant
    }

    private func ledger(_ grants: Grant...) throws -> Ledger {
        var ledger = try Ledger(settings: Settings(maxStalenessMS: 1000, maxGraceMS: 100, clockRatePPM: 0, marginMS: 0))
        try ledger.add(Make.budget("gold", 5, unit: "gold"))
        for grant in grants { try ledger.add(.grantIssued(grant), by: "issuer") }
        return ledger
    }

    private func words(_ ledger: Ledger, _ grant: Grant) -> String? {
        do throws(Refusal) {
            try ledger.state.check(
                Make.event(Make.id("candidate"), .grantIssued(grant), by: "issuer"), time: .init(ledger.wall)
            ) { _, _ in true }
            return nil
        } catch {
            return error.description
        }
    }

    private typealias Change = @Sendable (inout Grant) -> Void

    /// Beyond the bound, in its own words; and just within it.
    private static let bounds: [(words: String, beyond: Change, within: Change)] = [
        ("delegate must be below the parent's 3", { $0.delegate = 3 }, { $0.delegate = 2 }),
        ("principal_id differs", { $0.principalID = "bob" }, { $0.principalID = "alice" }),
        ("audience differs", { $0.audience = "mail" }, { $0.audience = "tools" }),
        ("workload differs", { $0.workload = "spiffe://v" }, { $0.workload = "spiffe://w" }),
        ("action 'pay*'", { $0.allowedActions = ["pay*"] }, { $0.allowedActions = ["pay.*"] }),
        ("action '*'", { $0.allowedActions = ["read", "*"] }, { $0.allowedActions = ["read", "pay.s*"] }),
        ("action 'read*'", { $0.allowedActions = ["read*"] }, { $0.allowedActions = ["read"] }),
        ("action 'reads'", { $0.allowedActions = ["reads"] }, { $0.allowedActions = ["pay."] }),
        ("resource 'invoice:*'", { $0.resources = ["invoice:*"] }, { $0.resources = ["invoice:4*"] }),
        ("resource 'invoice:5'", { $0.resources = ["invoice:5"] }, { $0.resources = ["invoice:4", "note:7"] }),
        ("resource 'note:4'", { $0.resources = ["note:4"] }, { $0.resources = [] }),
        ("resource 'note:7*'", { $0.resources = ["note:7*"] }, { $0.resources = ["note:7"] }),
        ("entries, at most 64", { $0.conditions = own(64) }, { $0.conditions = own(63) }),
        ("not_before lies before", { $0.notBefore = Make.wall - 101 }, { $0.notBefore = Make.wall - 100 }),
        ("expires_at lies after the parent's", { $0.expiresAt = soon + 1 }, { $0.expiresAt = soon }),
        ("expires_at must lie after not_before", { $0.notBefore = soon }, { $0.notBefore = soon - 1 }),
        ("renewable_until lies after", { $0.renewableUntil = soon + 501 }, { $0.renewableUntil = soon + 500 }),
        ("max_staleness is above the parent's 200 ms", { $0.maxStalenessMS = 201 }, { $0.maxStalenessMS = 200 }),
        ("grace is above the parent's 20 ms", { $0.graceMS = 21 }, { $0.graceMS = 20 }),
        (
            "budget in usd is above the parent's 100", { $0.budgets = [Amount("usd", 101)] },
            { $0.budgets = [Amount("usd", 100)] }
        ),
        (
            "the parent has no budget in tokens", { $0.budgets = [Amount("tokens", 1)] },
            { $0.budgets = [Amount("calls", 1)] }
        ),
        ("the parent has no budget in gold", { $0.draws = ["gold"] }, { $0.draws = [] }),
        (
            "max_amount in usd is above the parent's 10", { $0.maxAmounts = [Amount("usd", 11)] },
            { $0.maxAmounts = [Amount("usd", 10), Amount("eur", 99)] }
        ),
    ]

    private static func own(_ count: Int) -> [Grant.Condition] {
        (0..<count).map { .init(path: "own \($0)", comparison: .equal, value: "") }
    }

    @Test(arguments: bounds.indices) func eachBoundIsTheParents(case index: Int) throws {
        let (said, beyond, within) = Self.bounds[index]
        let ledger = try ledger(Self.parent)
        let before = ledger.state.view.image
        let refused = try #require(words(ledger, Self.child(beyond)))
        #expect(refused.hasPrefix("invalid: ") && refused.contains(said), "\(refused)")
        #expect(ledger.state.view.image == before)
        #expect(words(ledger, Self.child(within)) == nil)
    }

    @Test func boundThatTheParentDoesNotHaveBindsNoChild() throws {
        let ledger = try ledger(Make.grant("p") { $0.delegate = 1 })
        let free = Self.child {
            ($0.audience, $0.workload, $0.maxStalenessMS, $0.maxAmounts) = (
                "tools", "spiffe://w", 900, [Amount("usd", 1 << 40)]
            )
            $0.budgets = [Amount("calls", 1 << 40)]
        }
        #expect(words(ledger, free) == nil)
    }

    @Test func delegationIsAllowedByTheParentAndEndsAtItsDepth() throws {
        var ledger = try ledger(Make.grant("0") { $0.delegate = Limits.delegationDepth })
        for level in 1...Limits.delegationDepth {
            let next = Self.child {
                ($0.grantID, $0.parent, $0.delegate, $0.credentialDigest) = (
                    "\(level)", "\(level - 1)", Limits.delegationDepth - level, Make.id("\(level)")
                )
            }
            #expect(words(ledger, next) == nil)
            try ledger.add(.grantIssued(next), by: "issuer")
        }
        let refused = words(ledger, Self.child { $0.parent = "\(Limits.delegationDepth)" })
        #expect(refused == "invalid: grant \(Limits.delegationDepth) allows no delegation")
    }

    /// The nearest budget up the chain bounds, where the parent has none of its own.
    @Test func budgetIsHeldAgainstTheWholeChain() throws {
        let middle = Self.child { ($0.grantID, $0.delegate, $0.credentialDigest) = ("m", 1, Make.id("m")) }
        let ledger = try ledger(Self.parent, middle)
        #expect(words(ledger, Self.child { ($0.parent, $0.budgets) = ("m", [Amount("usd", 100)]) }) == nil)
        #expect(
            words(ledger, Self.child { ($0.parent, $0.budgets) = ("m", [Amount("usd", 101)]) })?.contains(
                "above the parent's 100") == true)
        #expect(
            words(ledger, Self.child { ($0.parent, $0.budgets) = ("m", [Amount("tokens", 1)]) })?.contains(
                "no budget in tokens") == true)
    }

    @Test func parentMustBeThereAndLive() throws {
        var ledger = try ledger(Self.parent)
        #expect(words(ledger, Self.child { $0.parent = "none" })?.hasPrefix("not_found") == true)
        #expect(words(ledger, Self.child { $0.parent = "c" })?.hasPrefix("not_found") == true)
        let suspended = try ledger.add(Make.revoke(.principal("alice"), .suspend))
        #expect(words(ledger, Self.child())?.hasPrefix("unavailable: grant p is suspended") == true)
        try ledger.add(Make.lift(suspended))
        #expect(words(ledger, Self.child()) == nil)
        ledger.wall = Self.soon
        #expect(words(ledger, Self.child()) == "invalid: grant p has expired")
        try ledger.add(.grantRenewed(grantID: "p", expiresAt: Self.soon + 1), by: "issuer")
        #expect(words(ledger, Self.child()) == nil)
    }

    @Test(arguments: selectors) func childOfARevokedParentIsRefused(selector: Selector) throws {
        var ledger = try ledger(Self.parent)
        let id = try ledger.add(Make.revoke(selector))
        #expect(words(ledger, Self.child())?.hasPrefix("revoked: ") == true)
        try ledger.add(Make.lift(id))
        #expect(words(ledger, Self.child()) == nil)
    }

    private static let selectors: [Selector] = [
        .grant("p"), .run("run"), .agent("agent-p"), .principal("alice"), .audience("tools"), .issuer("issuer"),
        .subtree("p"), .all,
    ]

    @Test func renewalOfAChildEndsWithItsParent() throws {
        var ledger = try ledger(
            Self.parent, Self.child { ($0.expiresAt, $0.renewableUntil) = (Self.soon - 10, Self.soon + 500) })
        func renew(_ expiresAt: WallTime) -> Refusal.Code? {
            ledger.refusal(.grantRenewed(grantID: "c", expiresAt: expiresAt), by: "issuer")
        }
        #expect(renew(Self.soon) == nil)
        #expect(renew(Self.soon + 1) == .invalid)
        try ledger.add(.grantRenewed(grantID: "p", expiresAt: Self.soon + 400), by: "issuer")
        #expect(renew(Self.soon + 400) == nil)
        #expect(renew(Self.soon + 401) == .invalid)
        try ledger.add(Make.revoke(.grant("p")))
        #expect(renew(Self.soon + 1) == .revoked)
    }
}
