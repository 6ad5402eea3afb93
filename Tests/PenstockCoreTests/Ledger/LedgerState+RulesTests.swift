internal import PenstockCore
internal import Testing

/// What the ledger refuses of operators and of itself, and with which code.
@Suite struct LedgerRulesTests {
    private let long = String(repeating: "x", count: 1025)

    @Test func foreignMeshIsRefused() throws {
        #expect(try Ledger().refusal(Make.revoke(.all), mesh: "other") == .foreignMesh)
    }

    @Test func strangersAndExpelledMembersAreRefused() throws {
        var ledger = try Ledger(extra: [Make.node("op2", .operator)])
        #expect(ledger.refusal(Make.revoke(.all), by: "nobody") == .notPermitted)
        #expect(ledger.refusal(Make.revoke(.all), by: "op2") == nil)
        try ledger.add(.nodeExpelled(name: "op2", reason: ""))
        #expect(ledger.refusal(Make.revoke(.all), by: "op2") == .notPermitted)
    }

    @Test(arguments: ["issuer", "n1", "auditor", "ledger"]) func anotherRoleCannotRevoke(origin: String) throws {
        #expect(try Ledger().refusal(Make.revoke(.all), by: origin) == .notPermitted)
    }

    @Test(arguments: ["op", "n1", "auditor", "ledger"]) func anotherRoleCannotIssue(origin: String) throws {
        #expect(try Ledger().refusal(.grantIssued(Make.grant("g")), by: origin) == .notPermitted)
    }

    @Test func secondGenesisIsRefused() throws {
        #expect(try Ledger().refusal(.genesis([], .standard), by: "ledger") == .exists)
    }

    @Test func epochMustBeNewer() throws {
        var ledger = try Ledger()
        try ledger.add(.epochOpened(4, reason: ""), by: "ledger")
        #expect(ledger.refusal(.epochOpened(4, reason: ""), by: "ledger") == .invalid)
        #expect(ledger.refusal(.epochOpened(5, reason: ""), by: "ledger") == nil)
        #expect(ledger.state.epoch == 4)
    }

    @Test func decisionBatchCountsFromOneAndIsNotEmpty() throws {
        let ledger = try Ledger()
        func batch(_ first: UInt64, _ count: UInt32) -> EventKind {
            .decisionBatch(.init(incarnation: Make.incarnation(1), firstSequence: first, count: count, digest: .zero))
        }
        #expect(ledger.refusal(batch(1, 1), by: "n1") == nil)
        #expect(ledger.refusal(batch(0, 1), by: "n1") == .invalid)
        #expect(ledger.refusal(batch(1, 0), by: "n1") == .invalid)
    }

    @Test func settingsMustBeUsable() throws {
        var settings = Settings.standard
        settings.maxStalenessMS = 1
        #expect(try Ledger().refusal(.settingsChanged(settings)) == .invalid)
        #expect(try Ledger().refusal(.settingsChanged(.standard)) == nil)
    }

    @Test func largestBoundIsKeptWhenSettingsShrink() throws {
        var ledger = try Ledger()
        try ledger.add(.settingsChanged(Settings(maxStalenessMS: 9000, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0)))
        try ledger.add(.settingsChanged(.standard))
        #expect(ledger.state.largestBound == Make.milliseconds(9000))
    }

    @Test func restrictionsAreChecked() throws {
        let ledger = try Ledger()
        #expect(ledger.refusal(Make.revoke(.run(String(repeating: "x", count: 257)))) == .invalid)
        #expect(ledger.refusal(Make.revoke(.all, expiresAt: Make.wall)) == .invalid)
        #expect(ledger.refusal(Make.revoke(.all, expiresAt: Make.wall + 1)) == nil)
        #expect(ledger.refusal(Make.revoke(.all, .throttle(calls: 1, windowMS: 0))) == .invalid)
        #expect(ledger.refusal(Make.revoke(.all, .throttle(calls: 0, windowMS: 86_400_000))) == nil)
        let wordy = Restriction(level: .revoke, selector: .all, reason: long, expiresAt: 0)
        #expect(ledger.refusal(.restricted(wordy)) == .invalid)
    }

    @Test func standingRestrictionsAreBounded() throws {
        var ledger = try Ledger()
        for _ in 0..<Limits.restrictions - 1 { try ledger.add(Make.revoke(.run("r"))) }
        #expect(ledger.refusal(Make.revoke(.run("r"))) == nil)
        try ledger.add(Make.revoke(.run("r")))
        #expect(ledger.refusal(Make.revoke(.run("r"))) == .full)
    }

    @Test func onlyWhatStandsIsLifted() throws {
        var ledger = try Ledger()
        let id = try ledger.add(Make.revoke(.all))
        #expect(ledger.refusal(Make.lift(id)) == nil)
        #expect(ledger.refusal(Make.lift(id, Make.id("unseen"))) == .notFound)
        #expect(ledger.refusal(Make.lift()) == .invalid)
        #expect(ledger.refusal(.lifted(Lifting(eventIDs: [id], reason: long, expired: false))) == .invalid)
        try ledger.add(Make.lift(id))
        #expect(ledger.refusal(Make.lift(id)) == .notFound)
    }

    @Test func ledgerLiftsOnlyWhatHasExpiredAndOnlyTheLedgerSaysSo() throws {
        var ledger = try Ledger()
        let forever = try ledger.add(Make.revoke(.run("a")))
        let soon = try ledger.add(Make.revoke(.run("b"), expiresAt: Make.wall + 10))
        #expect(ledger.state.expired(at: Make.wall + 9) == [])
        #expect(ledger.state.expired(at: Make.wall + 10) == [soon])
        #expect(ledger.refusal(Make.lift(soon, expired: true), by: "ledger") == .notPermitted)
        ledger.wall += 10
        #expect(ledger.refusal(Make.lift(soon, expired: true), by: "ledger") == nil)
        #expect(ledger.refusal(Make.lift(forever, expired: true), by: "ledger") == .notPermitted)
        #expect(ledger.refusal(Make.lift(soon, forever, expired: true), by: "ledger") == .notPermitted)
        #expect(ledger.refusal(Make.lift(soon, expired: true), by: "op") == .notPermitted)
        #expect(ledger.refusal(Make.lift(soon), by: "op") == nil)
    }

    @Test func budgetsAreChecked() throws {
        var ledger = try Ledger()
        try ledger.add(Make.budget("org", 10))
        #expect(ledger.refusal(Make.budget("org", 1)) == .exists)
        #expect(ledger.refusal(Make.budget("team", 1, parent: "org")) == nil)
        #expect(ledger.refusal(Make.budget("team", 1, parent: "none")) == .notFound)
        #expect(ledger.refusal(Make.budget("team", 1, unit: "tokens", parent: "org")) == .notFound)
        #expect(ledger.refusal(Make.budget("", 1)) == .invalid)
        #expect(ledger.refusal(Make.budget("team", 1, unit: "")) == .invalid)
        #expect(ledger.refusal(Make.budget("g/usd", 1)) == .invalid, "it would pass for a grant's own")
        #expect(ledger.refusal(Make.budget("te\u{8}am", 1)) == .invalid)
        #expect(ledger.refusal(Make.budget("team", 1, unit: "us\nd")) == .invalid)
        #expect(ledger.refusal(Make.budget("team", -1)) == .invalid)
        #expect(ledger.refusal(Make.budget("team", Limits.ceiling + 1)) == .invalid)
        #expect(ledger.refusal(Make.budget("team", Limits.ceiling)) == nil)
    }

    /// Codes that `check` and `reserve` never give: they speak of bytes, signatures and the process.
    @Test func everyOtherCodeHasACaseInTheseFiles() {
        let elsewhere: Set<Refusal.Code> = [
            .malformed, .badSignature, .notSigner, .busy, .halted, .recovering, .diverged, .behind, .oldVersion,
        ]
        let here: Set<Refusal.Code> = [
            .foreignMesh, .notPermitted, .invalid, .exists, .notFound, .revoked, .budgetExhausted, .budgetHeldElsewhere,
            .budgetFrozen, .budgetClosed, .predecessorAlive, .retired, .unavailable, .badToken, .full,
        ]
        #expect(here.union(elsewhere) == Set(Refusal.Code.allCases))
    }
}
