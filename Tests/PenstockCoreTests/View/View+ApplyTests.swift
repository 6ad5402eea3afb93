internal import PenstockCore
internal import Testing

@Suite struct ViewApplyTests {
    @Test func genesisNamesMeshSettingsAndMembers() throws {
        let settings = Settings(maxStalenessMS: 500, maxGraceMS: 1, clockRatePPM: 2, marginMS: 3)
        let view = try View(grants: [], settings: settings)
        #expect(view.mesh == "mesh")
        #expect(view.position == 1)
        #expect(view.settings == settings)
        #expect(Make.members.allSatisfy { view.member($0.name) == $0 && view.member(channel: $0.channel) == $0 })
    }

    @Test func logBeginsWithItsGenesis() {
        var view = View()
        #expect(throws: FoldError.self) {
            try view.apply(Make.event(Make.id("first"), .settingsChanged(.standard), by: "op"), at: 1)
        }
        #expect(view.position == 0)
    }

    @Test func tokenIsUsedByTheNodeThatJoinsWithIt() throws {
        var view = try View(grants: [])
        let token = JoinToken(hash: Make.id("token"), role: .enforcer, expiresAt: 5)
        try view.add(.joinTokenMade(token))
        #expect(view.tokens[token.hash] == .init(token: token, used: false))
        let keys = Make.node("n3", .enforcer)
        try view.add(.nodeAdmitted(keys, tokenHash: token.hash), by: "ledger")
        #expect(view.tokens[token.hash] == .init(token: token, used: true))
        #expect(view.member("n3") == keys)
        #expect(view.members["n3"]?.admittedAt == 3)
    }

    @Test func expelledNodeIsNoMemberButRemembered() throws {
        var view = try View(grants: [])
        try view.add(.nodeExpelled(name: "n1", reason: ""))
        #expect(view.member("n1") == nil)
        #expect(view.member(channel: Make.node("n1", .enforcer).channel) == nil)
        #expect(view.members["n1"]?.expelledAt == 2)
    }

    @Test func settingsAreReplaced() throws {
        var view = try View(grants: [])
        let settings = Settings(maxStalenessMS: 2000, maxGraceMS: 0, clockRatePPM: 1, marginMS: 1)
        try view.add(.settingsChanged(settings))
        #expect(view.settings == settings)
    }

    @Test func issuedGrantIsFoundByIdAndCredential() throws {
        let view = try View(grants: [Make.grant("a"), Make.grant("b")])
        #expect(view.index(ofGrant: "b") == 1)
        #expect(view.index(of: Make.id("credential of b")) == 1)
        #expect(view.index(of: Make.id("credential of c")) == nil)
        #expect(view.grants[1].position == 3)
        #expect(view.symbols.text(view.grants[1].issuer) == "issuer")
    }

    @Test func renewalMovesTheExpiryOnly() throws {
        var view = try View(grants: [Make.grant("g")])
        var expected = view.placedGrant(0)
        try view.add(.grantRenewed(grantID: "g", expiresAt: 77), by: "issuer")
        expected.grant.expiresAt = 77
        #expect(view.placedGrant(0) == expected)
    }

    @Test func budgetIsListedAndMetersGrantsThatDrawOnIt() throws {
        var view = try View(grants: [])
        try view.add(Make.budget("team", 10, unit: "tokens"))
        try view.add(
            .grantIssued(Make.grant("g") { ($0.draws, $0.budgets) = (["team"], [Amount("usd", 5)]) }), by: "issuer")
        #expect(view.budgets.map(\.name) == ["team"])
        #expect(view.rules[Int(view.grants[0].rules)].meteredUnits == ["tokens", "usd"])
    }

    @Test func kindsOfTheLedgerAloneMoveOnlyThePosition() throws {
        var view = try View(grants: [Make.grant("g")])
        var expected = view.image
        let slice = Slice(
            grantID: "g", unit: "usd", amount: 1, node: "n1", incarnation: Make.incarnation(1),
            requestID: Make.incarnation(2))
        let report = SliceReport(incarnation: Make.incarnation(1), uses: [.init(slice: 4, used: 1)])
        try view.add(.epochOpened(2, reason: ""), by: "ledger")
        try view.add(.sliceReserved(slice), by: "ledger")
        try view.add(.spendReported(report), by: "n1")
        try view.add(.sliceClosed(report), by: "n1")
        try view.add(
            .decisionBatch(.init(incarnation: Make.incarnation(1), firstSequence: 1, count: 1, digest: .zero)), by: "n1"
        )
        expected.position = 7
        #expect(view.image == expected)
    }

    @Test(arguments: [UInt64(0), 1, 3]) func otherPositionThanTheNextIsRefused(position: Position) throws {
        var view = try View(grants: [])
        let event = Make.event(Make.id("x"), .settingsChanged(.standard))
        #expect(throws: FoldError(position: position, problem: "expected position 2")) {
            try view.apply(event, at: position)
        }
        #expect(view.position == 1)
    }

    @Test func eventOfAnotherMeshIsRefused() throws {
        var view = try View(grants: [])
        let event = Make.event(Make.id("x"), Make.revoke(.all), mesh: "other")
        #expect(throws: FoldError.self) { try view.apply(event, at: 2) }
        #expect(view.image == (try View(grants: []).image))
    }

    private static let unfoldable: [EventKind] = [
        .genesis([], .standard),
        .grantIssued(Make.grant("g") { $0.credentialDigest = Make.id("another") }),
        .grantIssued(Make.grant("h") { $0.credentialDigest = Make.id("credential of g") }),
        .grantIssued(Make.grant("h") { $0.parent = "none" }),
        .grantRenewed(grantID: "none", expiresAt: 1),
    ]

    @Test(arguments: unfoldable) func eventThatCannotFollowIsRefusedAndChangesNothing(kind: EventKind) throws {
        var view = try View(grants: [Make.grant("g")])
        let before = view.image
        #expect(throws: FoldError.self) { try view.add(kind, by: "issuer") }
        #expect(view.image == before)
        try view.add(.grantIssued(Make.grant("next")), by: "issuer")
        #expect(view.index(ofGrant: "next") == 1)
    }
}
