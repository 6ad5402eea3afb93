internal import PenstockCore
internal import Testing

/// The order of checks: a call that offends against several is denied for the first.
@Suite struct ReasonTests {
    /// What a case may spoil before the decision.
    struct Scene {
        var hasView = true
        var isFresh = true
        var settings = Settings.standard
        var restrictions: [EventKind] = []
        var grant = Make.grant("g") { $0.budgets = [Amount("usd", 100)] }
        var call = Make.call { $0.amounts = CallAmounts([Amount("usd", 5)])! }
        var isFunded = true

        func reason() throws -> Reason {
            guard hasView else {
                var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: ["tools"])
                return enforcement.prepare(call, arrivedAt: 0, now: 0).reason
            }
            let node = try DecidingNode([grant], settings: settings, isFresh: false)
            for restriction in restrictions { try node.add(restriction) }
            if isFresh { node.renew() }
            if isFunded { node.fund("usd", 50) }
            return node.reason(call)
        }
    }

    /// In order of precedence: how to offend.
    private static let offences: [(Reason, @Sendable (inout Scene) -> Void)] = [
        (.noView, { $0.hasView = false }),
        (.staleView, { $0.isFresh = false }),
        (.unknownCredential, { $0.call.credential = Make.id("nobody's") }),
        (.credentialMismatch, { $0.grant.confirmation = .certificate(Make.id("another's")) }),
        (.wrongAudience, { $0.grant.audience = "elsewhere" }),
        (.wrongWorkload, { $0.grant.workload = "spiffe://another" }),
        (.revoked, { $0.restrictions.append(Make.revoke(.run("run-g"))) }),
        (.suspended, { $0.restrictions.append(Make.revoke(.agent("agent-g"), .suspend)) }),
        (.notYetValid, { $0.grant.notBefore = Make.wall + 1000 }),
        (.expired, { $0.grant.expiresAt = Make.wall - 1000 }),
        (.actionNotAllowed, { $0.grant.allowedActions = ["mail.*"] }),
        (.resourceOutOfBounds, { $0.grant.resources = ["mailbox:*"] }),
        (.amountOverLimit, { $0.grant.maxAmounts = [Amount("usd", 4)] }),
        (.approvalRequired, { $0.grant.approvalActions = ["pay.*"] }),
        (.rateLimited, { $0.restrictions.append(Make.revoke(.all, .throttle(calls: 0, windowMS: 1000))) }),
        (.unitNotBudgeted, { $0.call.amounts = CallAmounts([Amount("usd", 5), Amount("tokens", 1)])! }),
        (.budgetPending, { $0.isFunded = false }),
    ]

    @Test(arguments: offences.indices) func firstOffenceIsTheReason(from first: Int) throws {
        var alone = Scene()
        Self.offences[first].1(&alone)
        #expect(try alone.reason() == Self.offences[first].0)
        var all = Scene()
        for (_, offend) in Self.offences[first...] { offend(&all) }
        #expect(try all.reason() == Self.offences[first].0)
    }

    /// Every decided call is one of `calls`, whatever it says of it.
    @Test(arguments: [[], [Amount("calls", 0)], [Amount("calls", 1)]] as [[Amount]]) func callIsOneOfCallsForTheMostToo(
        amounts: [Amount]
    ) throws {
        for (most, expected) in [(Int64(0), Reason.amountOverLimit), (1, .none)] {
            var scene = Scene()
            scene.grant.maxAmounts = [Amount("calls", most)]
            scene.call.amounts = CallAmounts(amounts)!
            #expect(try scene.reason() == expected)
        }
    }

    @Test func nothingSpoiledIsAllowed() throws {
        #expect(try Scene().reason() == .none)
    }

    /// Reasons that are found outside of this decision: by the ledger's answer, the journal.
    @Test func everyOtherReasonHasACase() {
        let elsewhere: [Reason] = [
            .none, .malformed, .budgetExhausted, .budgetHeldElsewhere, .duplicateMismatch,
            .unrecordable,
            .alreadySettled, .budgetFrozen, .busy, .budgetClosed,
        ]
        #expect(Set(elsewhere + Self.offences.map(\.0)) == Set(Reason.allCases))
        #expect(elsewhere.count + Self.offences.count == Reason.allCases.count)
    }

    /// Numbers and names are permanent.
    @Test func numbersAndNamesAreThoseOfVersionOne() {
        let names = [
            "none", "malformed", "no_view", "stale_view", "unknown_credential", "credential_mismatch", "wrong_audience",
            "wrong_workload",
            "revoked", "suspended", "not_yet_valid", "expired", "action_not_allowed", "resource_out_of_bounds",
            "amount_over_limit",
            "approval_required", "rate_limited", "unit_not_budgeted", "budget_exhausted", "budget_held_elsewhere",
            "duplicate_mismatch",
            "unrecordable", "budget_pending", "already_settled", "budget_frozen", "busy", "budget_closed",
        ]
        #expect(Reason.allCases.map(\.name) == names)
        #expect(Reason.allCases.map(\.rawValue) == Array(0..<UInt16(names.count)))
    }

    @Test func finalReasonsAreThoseThatNeedAnotherGrantOrCall() {
        let transient: Set<Reason> = [
            .noView, .staleView, .notYetValid, .rateLimited, .budgetHeldElsewhere, .budgetPending, .unrecordable,
            .suspended, .busy,
        ]
        #expect(Set(Reason.allCases.filter(\.isTransient)) == transient)
    }
}
