internal import PenstockCore
internal import Testing

/// Lists of grants: every grant once, in order, however they are cut, and whatever is added meanwhile.
@Suite struct ViewListsTests {
    private static let time = Make.wall

    /// Ten roots, each with a child, whose agents take turns; between them events that are no grants.
    private func view(_ roots: Int = 10) throws -> View {
        var view = try View(grants: [])
        for number in 0..<roots { try add(number, to: &view) }
        return view
    }

    private func add(_ number: Int, to view: inout View) throws {
        let root = Make.grant("g\(number)") {
            ($0.agentID, $0.principalID, $0.delegate) = (number.isMultiple(of: 2) ? "even" : "odd", "ann", 1)
        }
        try view.add(.grantIssued(root), by: "issuer")
        try view.add(Make.budget("b\(number)", 1))
        let child = Make.grant("g\(number)/c") { ($0.parent, $0.runID, $0.agentID) = ("g\(number)", "", "hand") }
        try view.add(.grantIssued(child), by: "issuer")
    }

    private func filter(_ change: (inout View.GrantFilter) -> Void) -> View.GrantFilter {
        var filter = View.GrantFilter()
        change(&filter)
        return filter
    }

    /// All that a filter takes, part by part.
    private func ids(
        _ view: View, _ filter: View.GrantFilter = .init(), rows: Int = 3, looked: Int = 4
    ) -> [String] {
        var (ids, after) = ([String](), Position(0))
        for _ in 0..<1_000 {
            let part = view.grants(filter, after: after, at: Self.time, rows: rows, looked: looked)
            #expect(part.rows.count <= rows && part.count == part.rows.count)
            ids += part.rows.map(\.placed.grant.grantID)
            guard let next = part.next else { return ids }
            #expect(next > after, "a cursor goes forward")
            after = next
        }
        Issue.record("a list without end")
        return ids
    }

    private static let everything = (0..<10).flatMap { ["g\($0)", "g\($0)/c"] }

    @Test(arguments: [(1, 1), (1, 100), (3, 4), (4, 3), (19, 20), (20, 20), (20, 100), (21, 21)])
    func everyGrantIsListedOnceInOrder(rows: Int, looked: Int) throws {
        #expect(ids(try view(), rows: rows, looked: looked) == Self.everything)
    }

    @Test func lastPartSaysThatItIsTheLast() throws {
        let view = try view()
        let whole = view.grants(.init(), after: 0, at: Self.time, rows: 20, looked: 20)
        #expect(whole.rows.count == 20 && whole.next == nil)
        let cut = view.grants(.init(), after: 0, at: Self.time, rows: 19, looked: 20)
        #expect(cut.next == cut.rows.last?.placed.position)
        #expect(view.grants(.init(), after: .max, at: Self.time, rows: 5, looked: 5).rows.isEmpty)
        let first = try #require(whole.rows.first).placed.position
        #expect(view.grants(.init(), after: first, at: Self.time, rows: .max, looked: .max).rows.count == 19)
    }

    @Test func nothingIsLostOrTwiceWhileGrantsAreAdded() throws {
        var view = try view()
        var (ids, after, added) = ([String](), Position(0), 10)
        while true {
            let part = view.grants(.init(), after: after, at: Self.time, rows: 3, looked: 4)
            ids += part.rows.map(\.placed.grant.grantID)
            if added < 15 {
                try add(added, to: &view)
                added += 1
            }
            guard let next = part.next else { break }
            after = next
        }
        #expect(ids == (0..<15).flatMap { ["g\($0)", "g\($0)/c"] })
    }

    @Test func partWithoutRowsGoesOn() throws {
        let view = try view()
        let part = view.grants(
            filter { $0.texts[.agent] = "hand" }, after: 0, at: Self.time, rows: 5, looked: 1)
        #expect(part.rows.isEmpty && part.next != nil)
    }

    @Test func eachFilterTakesWhatItSays() throws {
        var view = try view(4)
        try view.add(Make.revoke(.grant("g0")))
        try view.add(Make.revoke(.grant("g1/c"), .suspend))
        let brief = Make.grant("brief") { $0.expiresAt = Self.time }
        try view.add(.grantIssued(brief), by: "issuer")
        let cases: [(View.GrantFilter, [String])] = [
            (filter { $0.texts[.grant] = "g2" }, ["g2"]), (filter { $0.texts[.grant] = "g" }, []),
            (filter { $0.texts[.agent] = "even" }, ["g0", "g2"]),
            (filter { $0.texts = [.agent: "hand", .principal: "ann"] }, (0..<4).map { "g\($0)/c" }),
            (filter { $0.texts = [.grant: "g2", .agent: "odd"] }, []),
            (filter { $0.texts[.run] = "run-g3" }, ["g3", "g3/c"]), (filter { $0.texts[.issuer] = "op" }, []),
            (filter { $0.coveredBy = .subtree("g1") }, ["g1", "g1/c"]),
            (filter { $0.coveredBy = .agent("odd") }, ["g1", "g1/c", "g3", "g3/c"]),
            (filter { $0.coveredBy = .node("n1") }, []),
            (filter { $0.states = [.revoked] }, ["g0", "g0/c"]), (filter { $0.states = [.suspended] }, ["g1/c"]),
            (filter { $0.states = [.expired] }, ["brief"]),
            (filter { $0.states = [.expired, .suspended] }, ["g1/c", "brief"]),
            (filter { $0.expiresBefore = Self.time + 1 }, ["brief"]),
            (filter { ($0.expiresFrom, $0.coveredBy) = (Self.time + 1, .grant("g3")) }, ["g3", "g3/c"]),
        ]
        for (filter, wanted) in cases { #expect(ids(view, filter) == wanted, "\(filter)") }
        #expect(ids(view, filter { $0.coveredBy = .all }).count == 9)
    }

    @Test func countAloneIsThatOfTheRows() throws {
        let view = try view()
        let part = view.grants(
            filter { $0.texts[.agent] = "hand" }, after: 0, at: Self.time, rows: .max, looked: .max, countsOnly: true)
        #expect(part.count == 10 && part.rows.isEmpty && part.next == nil)
    }

    @Test func rowSaysWhatBecameOfAGrant() throws {
        var view = try view(1)
        try view.add(Make.revoke(.principal("ann")))
        let rows = view.grants(.init(), after: 0, at: Self.time, rows: 9, looked: 9).rows
        #expect(rows.map(\.state) == [.revoked, .revoked])
        #expect(rows.map(\.depth) == [0, 1] && rows.map(\.children) == [1, 0])
        #expect(rows[1].placed.grant.principalID == "ann" && rows[1].placed.issuer == "issuer")
        let loaded = try View(image: view.image)
        #expect(loaded.grants(.init(), after: 0, at: Self.time, rows: 9, looked: 9).rows.map(\.children) == [1, 0])
    }

    @Test func unratedGrantsAreThoseThatNoRateBounds() throws {
        var view = try view(2)
        let unrated = filter { $0.isUnrated = true }
        #expect(ids(view, unrated).count == 4)
        try view.add(
            .rateCreated(NamedRate(Rate(name: "r", unit: "calls", limit: 1, periodMS: 1_000), for: .agent("even"))))
        #expect(ids(view, unrated) == ["g1", "g1/c"])
        try view.add(.rateClosed("r", reason: ""))
        #expect(ids(view, unrated).count == 4, "a rate that is closed bounds nothing")
    }
}
