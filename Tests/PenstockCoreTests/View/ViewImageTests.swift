internal import PenstockCore
internal import Testing

@Suite struct ViewImageTests {
    private let revoke = Make.revoke(.purpose("late purpose"))

    /// One of everything that a view holds; the restriction at 7 may have been seen early.
    private func view(urgentFirst: Bool) throws -> View {
        var view = try View(grants: [])
        if urgentFirst { _ = view.applyAhead(Make.event(Make.id("r"), revoke), at: 7) }
        try view.add(Make.budget("team", 100))
        try view.add(.joinTokenMade(JoinToken(hash: Make.id("t"), role: .enforcer, expiresAt: 9)))
        try view.add(.nodeAdmitted(Make.node("n3", .enforcer), tokenHash: Make.id("t")), by: "ledger")
        try view.add(.joinTokenMade(JoinToken(hash: Make.id("unused"), role: .auditor, expiresAt: 9)))
        try view.add(.grantIssued(full), by: "issuer")
        try view.add(revoke, id: Make.id("r"))
        try view.add(.grantIssued(Make.grant("child") { $0.parent = "full" }), by: "issuer")
        try view.add(Make.revoke(.all, .throttle(calls: 3, windowMS: 20)))
        try view.add(Make.revoke(.node("n1"), .suspend, expiresAt: 5))
        try view.add(.nodeExpelled(name: "n2", reason: ""))
        try view.add(.grantRenewed(grantID: "full", expiresAt: Make.wall + 99), by: "issuer")
        return view
    }

    private var full: Grant {
        Make.grant("full") {
            ($0.agentClass, $0.principalID, $0.purpose, $0.audience, $0.workload) = (
                "c", "p", "late purpose", "tools", "spiffe://w"
            )
            $0.confirmation = .key(Make.id("key"))
            ($0.allowedActions, $0.resources, $0.approvalActions) = (["a.*", "b"], ["t:x*", "u:y:z"], ["a.b*"])
            $0.conditions = [.init(path: "p", comparison: .less, value: "3")]
            ($0.renewableUntil, $0.maxStalenessMS, $0.linearizable, $0.graceMS) = (Make.wall * 9, 70, true, 8)
            ($0.budgets, $0.maxAmounts, $0.draws) = ([Amount("tokens", 5)], [Amount("usd", 6)], ["team"])
        }
    }

    @Test func imageOfTheImagesViewIsTheSame() throws {
        let image = try view(urgentFirst: false).image
        #expect(try View(image: image).image == image)
    }

    @Test func viewFromAnImageAnswersAlike() throws {
        let folded = try view(urgentFirst: false)
        var loaded = try View(image: folded.image)
        for name in ["full", "child"] { #expect(loaded.marks(on: name) == folded.marks(on: name)) }
        #expect(loaded.marks(onNode: "n1") == .suspended)
        #expect(loaded.member("n2") == nil)
        #expect(loaded.index(of: full.credentialDigest) == 0)
        #expect(loaded.rules[Int(loaded.grants[0].rules)] == folded.rules[Int(folded.grants[0].rules)])
        try loaded.add(Make.lift(Make.id("r")))
        #expect(loaded.marks(on: "full") == .throttled)
    }

    @Test func foldsThatInternedInAnotherOrderAreEqual() throws {
        let (plain, early) = (try view(urgentFirst: false), try view(urgentFirst: true))
        #expect(plain.symbols.find(.purpose, "late purpose") != early.symbols.find(.purpose, "late purpose"))
        #expect(plain.image == early.image)
    }

    @Test func grantComesBackButForItsAuditContext() throws {
        var issued = full
        (issued.policyVersion, issued.promptHash, issued.toolVersion) = ("1", [1], "2")
        var view = try View(grants: [])
        try view.add(Make.budget("team", 1))
        try view.add(.grantIssued(issued), by: "issuer")
        #expect(view.placedGrant(0) == .init(position: 3, issuer: "issuer", grant: full))
    }

    @Test func restrictionAheadIsNotInTheImage() throws {
        var view = try View(grants: [])
        _ = view.applyAhead(Make.event(Make.id("r"), revoke), at: 3)
        #expect(view.image == (try View(grants: []).image))
    }

    @Test func imageIsSortedWhateverTheOrderOfItsTables() throws {
        let image = try view(urgentFirst: false).image
        #expect(image.members.map(\.keys.name) == ["auditor", "issuer", "ledger", "n1", "n2", "n3", "op"])
        #expect(image.restrictions.map(\.position) == [7, 9, 10])
        #expect(image.grants.map(\.position) == [6, 8])
        #expect(image.tokens.map(\.token.hash.hex) == [Make.id("t").hex, Make.id("unused").hex].sorted())
    }

    @Test func imageWithAGrantTwiceIsRefused() throws {
        var image = try View(grants: [Make.grant("g")]).image
        image.grants.append(image.grants[0])
        #expect(throws: FoldError.self) { try View(image: image) }
    }
}
