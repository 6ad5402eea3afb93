internal import PenstockCore
internal import Testing

/// What an event names is forgotten by every fold, and nothing else.
@Suite struct ViewForgetTests {
    private static let over = Make.wall - Limits.keptMS

    private func ended(_ id: String, _ change: (inout Grant) -> Void = { _ in }) -> Grant {
        Make.grant(id) {
            $0.expiresAt = Self.over
            change(&$0)
        }
    }

    private func forget(_ grants: [Position], _ view: View) -> View? {
        var view = view
        return (try? view.add(.forgotten(Forgetting(grants: grants)), by: "ledger")).map { _ in view }
    }

    @Test func forgottenGrantIsUnknownAndTheOthersStayWhereTheyAre() throws {
        let before = try View(grants: [ended("a"), Make.grant("b"), ended("c")])
        let view = try #require(forget([2, 4], before))
        #expect(view.index(ofGrant: "a") == nil)
        #expect(view.index(of: Make.id("credential of c")) == nil)
        #expect(view.grant(issuedAt: 2) == nil)
        #expect(view.index(ofGrant: "b") == before.index(ofGrant: "b"))
        #expect(view.grant(issuedAt: 3) == "b")
        #expect(view.matchedGrants(.all) == 1)
        #expect(view.image.grants.map(\.grant.grantID) == ["b"])
        #expect(try View(image: view.image).image == view.image)
    }

    @Test func listsGoOnBehindWhatIsForgotten() throws {
        let view = try #require(forget([3], View(grants: [Make.grant("a"), ended("b"), Make.grant("c")])))
        let first = view.grants(.init(), after: 0, at: Make.wall, rows: 1, looked: 9)
        #expect(first.next == 2)
        let second = view.grants(.init(), after: 2, at: Make.wall, rows: 1, looked: 9)
        #expect(second.rows.map(\.placed.grant.grantID) == ["c"])
        #expect(second.next == nil)
    }

    @Test func contradictionsEndTheFold() throws {
        let parent = ended("p") { $0.delegate = 1 }
        let child = ended("c") { ($0.parent, $0.runID, $0.agentID) = ("p", "", "") }
        let view = try View(grants: [
            Make.grant("live"), ended("renewable") { $0.renewableUntil = Make.wall },
            ended("late") { $0.expiresAt += 1 },
            parent, child, ended("done"),
        ])
        #expect(forget([1], view) == nil, "the genesis")
        #expect(forget([2], view) == nil, "it lives")
        #expect(forget([3], view) == nil, "it can be renewed")
        #expect(forget([4], view) == nil, "it ended a moment ago")
        #expect(forget([5], view) == nil, "it has a child")
        #expect(forget([7, 7], view) == nil, "twice")
        #expect(forget([8], view) == nil, "there is no such position")
        #expect(forget([6, 5], view) != nil, "the child first")
        let once = try #require(forget([7], view))
        #expect(forget([7], once) == nil, "again")
    }

    @Test func tokensAreForgottenOnceTheyHaveEnded() throws {
        var view = try View(grants: [])
        for (name, expiry) in [("old", Self.over), ("new", Self.over + 1)] {
            try view.add(.joinTokenMade(JoinToken(hash: Make.id(name), role: .enforcer, expiresAt: expiry)))
        }
        #expect(throws: FoldError.self) {
            var view = view
            try view.add(.forgotten(Forgetting(tokens: [Make.id("new")])), by: "ledger")
        }
        try view.add(.forgotten(Forgetting(tokens: [Make.id("old")])), by: "ledger")
        #expect(view.tokens.keys.map { $0 } == [Make.id("new")])
    }

    @Test func restrictionOutlivesWhatItNamesAndCoversWhatComes() throws {
        var view = try View(grants: [ended("a") { $0.runID = "r" }])
        let revoke = try view.add(Make.revoke(.run("r")))
        try view.add(.forgotten(Forgetting(grants: [2])), by: "ledger")
        #expect(view.marks(onNewGrant: Make.grant("b") { $0.runID = "r" }, issuer: "issuer") == .revoked)
        try view.add(.grantIssued(Make.grant("c") { $0.runID = "r" }), by: "issuer")
        #expect(view.marks(on: "c") == .revoked)
        try view.add(Make.lift(revoke))
        #expect(view.marks(on: "c") == [])
    }

    @Test func restrictionOfAForgottenGrantAloneGoesWithIt() throws {
        var view = try View(grants: [ended("a"), ended("b")])
        for selector in [Selector.grant("a"), .subtree("a"), .grant("b"), .run("run-a")] {
            try view.add(Make.revoke(selector))
        }
        let symbols = view.symbols.count
        try view.add(.forgotten(Forgetting(grants: [2])), by: "ledger")
        #expect(view.restrictions.keys.sorted() == [6, 7])
        #expect(view.symbols.count == symbols - 2, "its id and its agent; its run is restricted")
        #expect(try View(image: view.image).image == view.image)
    }

    @Test func restrictionOfAnIDThatUnicodeTakesForTheSameStands() throws {
        var view = try View(grants: [ended("caf\u{e9}")])
        try view.add(Make.revoke(.grant("caf\u{e9}")))
        try view.add(Make.revoke(.grant("cafe\u{301}")))
        try view.add(.forgotten(Forgetting(grants: [2])), by: "ledger")
        #expect(view.restrictions.keys.sorted() == [4])
        #expect(view.marks(onNewGrant: Make.grant("cafe\u{301}"), issuer: "issuer") == .revoked)
    }
}
