internal import PenstockCore
internal import Testing

/// Issuing and renewing under what stands.
@Suite struct LedgerGrantRulesTests {
    private func issue(_ ledger: Ledger, _ grant: Grant) -> Refusal.Code? {
        ledger.refusal(.grantIssued(grant), by: "issuer")
    }

    @Test func grantsAreChecked() throws {
        var ledger = try Ledger()
        #expect(issue(ledger, Make.grant("g")) == nil)
        #expect(issue(ledger, Make.grant("g") { $0.runID = "" }) == .invalid)
        #expect(issue(ledger, Make.grant("g") { $0.expiresAt = Make.wall }) == .invalid)
        #expect(issue(ledger, Make.grant("g") { $0.graceMS = 1 }) == .invalid)
        #expect(issue(ledger, Make.grant("g") { $0.draws = ["none"] }) == .notFound)
        try ledger.add(.grantIssued(Make.grant("g")), by: "issuer")
        #expect(issue(ledger, Make.grant("g") { $0.credentialDigest = Make.id("another") }) == .exists)
        #expect(issue(ledger, Make.grant("h") { $0.credentialDigest = Make.id("credential of g") }) == .exists)
        #expect(issue(ledger, Make.grant("h") { $0.parent = "g" }) == .invalid)
        #expect(issue(ledger, Make.grant("h") { ($0.expiresAt, $0.notBefore) = (0, -1) }) == .invalid)
    }

    @Test func graceUpToTheMeshsIsTaken() throws {
        var ledger = try Ledger()
        try ledger.add(.settingsChanged(Settings(maxStalenessMS: 1000, maxGraceMS: 30, clockRatePPM: 1, marginMS: 1)))
        #expect(issue(ledger, Make.grant("g") { $0.graceMS = 30 }) == nil)
        #expect(issue(ledger, Make.grant("g") { $0.graceMS = 31 }) == .invalid)
    }

    @Test func stalenessUpToTheMeshsIsTaken() throws {
        var ledger = try Ledger()
        #expect(issue(ledger, Make.grant("g") { $0.maxStalenessMS = 1000 }) == nil)
        #expect(issue(ledger, Make.grant("g") { $0.maxStalenessMS = 1001 }) == .invalid)
        try ledger.add(.settingsChanged(Settings(maxStalenessMS: 200, maxGraceMS: 0, clockRatePPM: 1, marginMS: 1)))
        #expect(issue(ledger, Make.grant("g") { $0.maxStalenessMS = 1000 }) == .invalid)
    }

    @Test func namesThatMisleadAreRefusedButStayRevocable() throws {
        let ledger = try Ledger()
        #expect(issue(ledger, Make.grant("g") { $0.agentID = "a\nb" }) == .invalid)
        #expect(issue(ledger, Make.grant("g/usd")) == .invalid)
        #expect(ledger.refusal(Make.revoke(.agent("a\nb"))) == nil)
    }

    @Test(arguments: [Selector.run("run-g"), .agent("agent-g"), .grant("g"), .subtree("g"), .issuer("issuer"), .all])
    func standingRevokeBlocksANewGrantUntilItIsLifted(selector: Selector) throws {
        var ledger = try Ledger()
        let id = try ledger.add(Make.revoke(selector))
        #expect(issue(ledger, Make.grant("g")) == .revoked)
        try ledger.add(Make.lift(id))
        #expect(issue(ledger, Make.grant("g")) == nil)
    }

    @Test func revokeOfAnotherRunSuspendAndThrottleBlockNoNewGrant() throws {
        var ledger = try Ledger()
        try ledger.add(Make.revoke(.run("run-h")))
        try ledger.add(Make.revoke(.agent("run-g")))
        try ledger.add(Make.revoke(.all, .suspend))
        try ledger.add(Make.revoke(.all, .throttle(calls: 0, windowMS: 1)))
        #expect(issue(ledger, Make.grant("g")) == nil)
    }

    @Test func renewalExtendsWithinItsLimitAndByItsIssuer() throws {
        var ledger = try Ledger(extra: [Make.node("issuer2", .issuer)])
        let expiry = Make.grant("g").expiresAt
        try ledger.add(.grantIssued(Make.grant("g") { $0.renewableUntil = expiry + 100 }), by: "issuer")
        try ledger.add(.grantIssued(Make.grant("h")), by: "issuer")
        func renew(_ id: String, _ expiresAt: WallTime, by origin: String = "issuer") -> Refusal.Code? {
            ledger.refusal(.grantRenewed(grantID: id, expiresAt: expiresAt), by: origin)
        }
        #expect(renew("g", expiry + 1) == nil)
        #expect(renew("g", expiry + 100) == nil)
        #expect(renew("g", expiry) == .invalid)
        #expect(renew("g", expiry + 101) == .invalid)
        #expect(renew("h", expiry + 1) == .invalid)
        #expect(renew("none", expiry + 1) == .notFound)
        #expect(renew("g", expiry + 1, by: "issuer2") == .notPermitted)
    }

    @Test func renewalIntoThePastIsRefused() throws {
        var ledger = try Ledger()
        let expiry = Make.grant("g").expiresAt
        try ledger.add(.grantIssued(Make.grant("g") { $0.renewableUntil = expiry + 100 }), by: "issuer")
        ledger.wall = expiry + 50
        #expect(ledger.refusal(.grantRenewed(grantID: "g", expiresAt: expiry + 50), by: "issuer") == .invalid)
        #expect(ledger.refusal(.grantRenewed(grantID: "g", expiresAt: expiry + 51), by: "issuer") == nil)
    }

    @Test func standingRevokeBlocksARenewal() throws {
        var ledger = try Ledger()
        let expiry = Make.grant("g").expiresAt
        try ledger.add(.grantIssued(Make.grant("g") { $0.renewableUntil = expiry + 100 }), by: "issuer")
        let id = try ledger.add(Make.revoke(.run("run-g")))
        #expect(ledger.refusal(.grantRenewed(grantID: "g", expiresAt: expiry + 1), by: "issuer") == .revoked)
        try ledger.add(Make.lift(id))
        #expect(ledger.refusal(.grantRenewed(grantID: "g", expiresAt: expiry + 1), by: "issuer") == nil)
    }
}
