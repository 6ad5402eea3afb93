internal import PenstockCore
internal import Testing

/// Questions to a view: which grants a selector covers and what stands on them.
@Suite struct ViewTests {
    /// Two grants that share every text, each under other kinds, and a child of the first.
    private func view() throws -> View {
        let one = Make.grant("one") {
            ($0.runID, $0.agentID, $0.agentClass, $0.principalID) = ("r", "a", "c", "p")
            ($0.purpose, $0.audience) = ("why", "where")
        }
        let two = Make.grant("two") {
            ($0.runID, $0.agentID, $0.agentClass, $0.principalID) = ("a", "r", "p", "c")
            ($0.purpose, $0.audience) = ("where", "why")
        }
        return try View(grants: [one, two, Make.grant("child") { $0.parent = "one" }])
    }

    private static let covered: [(Selector, [String])] = [
        (.grant("one"), ["one", "child"]), (.subtree("one"), ["one", "child"]), (.grant("child"), ["child"]),
        (.subtree("two"), ["two"]),
        (.run("r"), ["one", "child"]), (.run("a"), ["two"]), (.run("run-child"), ["child"]),
        (.agent("a"), ["one", "child"]),
        (.agent("r"), ["two"]), (.agentClass("c"), ["one", "child"]), (.agentClass("p"), ["two"]),
        (.principal("p"), ["one", "child"]),
        (.principal("c"), ["two"]), (.purpose("why"), ["one", "child"]), (.purpose("where"), ["two"]),
        (.audience("where"), ["one", "child"]), (.audience("why"), ["two"]),
        (.issuer("issuer"), ["one", "two", "child"]),
        (.issuer("op"), []), (.run("one"), []), (.grant("r"), []), (.node("one"), []), (.node("n1"), []),
        (.run("none"), []),
        (.all, ["one", "two", "child"]),
    ]

    @Test(arguments: covered.indices) func selectorCoversItsGrantsAndNoOthers(case index: Int) throws {
        let (selector, names) = Self.covered[index]
        var view = try view()
        let all = ["one", "two", "child"]
        #expect(all.filter { view.covers(selector, view.index(ofGrant: $0)!) } == names)
        #expect(view.matchedGrants(selector) == names.count)
        try view.add(Make.revoke(selector))
        #expect(all.filter { view.marks(on: $0) == .revoked } == names)
        #expect(all.filter { view.marks(on: $0) == [] } == all.filter { !names.contains($0) })
        // What it covers, whether the grant or the restriction came first, is the same.
        #expect(all.filter { view.covers(selector, view.index(ofGrant: $0)!) } == names)
    }

    @Test func everyKindOfSelectorHasACase() {
        #expect(Set(Self.covered.map(\.0.kind)) == Set(Selector.Kind.allCases))
    }

    @Test func nodeRestrictionMarksTheNodeAlone() throws {
        var view = try view()
        try view.add(Make.revoke(.node("n1"), .suspend))
        #expect(view.marks(onNode: "n1") == .suspended)
        #expect(view.marks(onNode: "n2") == [])
    }

    @Test func levelsAddUp() throws {
        var view = try view()
        try view.add(Make.revoke(.run("r"), .suspend))
        try view.add(Make.revoke(.all, .throttle(calls: 1, windowMS: 1)))
        #expect(view.marks(on: "one") == [.suspended, .throttled])
        try view.add(Make.revoke(.agent("a")))
        #expect(view.marks(on: "child") == [.revoked, .suspended, .throttled])
        #expect(view.marks(on: "two") == .throttled)
    }

    @Test(arguments: [Selector.run("r"), .all, .grant("one")]) func liftingOneOfTwoLeavesTheOther(selector: Selector)
        throws
    {
        var view = try view()
        let first = try view.add(Make.revoke(selector))
        let second = try view.add(Make.revoke(selector))
        try view.add(Make.lift(first))
        #expect(view.marks(on: "one") == .revoked)
        #expect(view.standing(id: first) == nil)
        #expect(view.standing(id: second)?.position == 6)
        try view.add(Make.lift(second))
        #expect(view.marks(on: "one") == [])
    }

    @Test func liftingAGrantsRevokeLeavesItsSubtreesRevoke() throws {
        var view = try view()
        let grant = try view.add(Make.revoke(.grant("one")))
        let subtree = try view.add(Make.revoke(.subtree("one"), .suspend))
        try view.add(Make.lift(grant))
        #expect(view.marks(on: "child") == .suspended)
        try view.add(Make.lift(subtree))
        #expect(view.marks(on: "child") == [])
    }

    @Test func liftingNamesEventsAndNothingElse() throws {
        var view = try view()
        let id = try view.add(Make.revoke(.run("r")))
        try view.add(Make.lift(Make.id("never seen")))
        #expect(view.marks(on: "one") == .revoked)
        try view.add(Make.lift(Make.id("never seen"), id))
        #expect(view.marks(on: "one") == [])
        #expect(view.restrictions.isEmpty)
    }

    private static let future: [Selector] = [
        .grant("new"), .subtree("new"), .run("r2"), .agent("a2"), .agentClass("c2"), .principal("p2"), .purpose("y2"),
        .audience("w2"),
        .issuer("issuer"), .grant("one"), .run("r"), .all,
    ]

    @Test(arguments: future) func standingRestrictionCoversAGrantOfLater(selector: Selector) throws {
        var view = try view()
        let grant = Make.grant("new") {
            ($0.runID, $0.agentID, $0.agentClass, $0.principalID) = ("r2", "a2", "c2", "p2")
            ($0.purpose, $0.audience, $0.parent) = ("y2", "w2", "one")
        }
        #expect(view.marks(onNewGrant: grant, issuer: "issuer") == [])
        try view.add(Make.revoke(selector))
        #expect(view.marks(onNewGrant: grant, issuer: "issuer") == .revoked)
        try view.add(.grantIssued(grant), by: "issuer")
        #expect(view.marks(on: "new") == .revoked)
    }
}
