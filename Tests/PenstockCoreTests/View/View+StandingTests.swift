internal import PenstockCore
internal import Testing

/// Lists of restrictions, rates and members.
@Suite struct ViewStandingTests {
    @Test func restrictionsAreListedInOrderByWhatTheyName() throws {
        var view = try View(grants: [])
        let ids = try (0..<5).map { try view.add(Make.revoke(.agent("a\($0 % 2)"))) }
        try view.add(Make.lift(ids[1]))
        let first = view.restrictions(.init(), after: 0, rows: 2)
        #expect(first.rows.map(\.standing.eventID) == [ids[0], ids[2]])
        try view.add(Make.revoke(.agent("late")))
        let rest = view.restrictions(.init(), after: first.next!, rows: 9)
        #expect(rest.rows.map(\.standing.restriction.selector.value) == ["a1", "a0", "late"] && rest.next == nil)
        var filter = View.RestrictionFilter()
        filter.selector = .agent("a0")
        #expect(view.restrictions(filter, after: 0, rows: 9).count == 3)
        filter.eventIDs = [ids[2], ids[3]]
        #expect(view.restrictions(filter, after: 0, rows: 9).rows.map(\.standing.eventID) == [ids[2]])
        (filter, filter.origin) = (.init(), "nobody")
        #expect(view.restrictions(filter, after: 0, rows: 9).rows.isEmpty)
    }

    /// However few of them are wanted, a part looks at no more than it may.
    @Test func partOfManyRestrictionsLooksAtSoMany() throws {
        var view = try View(grants: [])
        let ids = try (0..<20).map { try view.add(Make.revoke(.agent($0 == 13 ? "wanted" : "a\($0)"))) }
        for id in ids.prefix(4) { try view.add(Make.lift(id)) }
        // What is ahead of the log is not in the list.
        _ = view.applyAhead(Make.event(Make.id("ahead"), Make.revoke(.all)), at: view.position + 9)
        var filter = View.RestrictionFilter()
        filter.selector = .agent("wanted")
        var (after, parts, found) = (Position(0), 0, [Digest]())
        while true {
            let part = view.restrictions(filter, after: after, rows: 5, looked: 6)
            (parts, found) = (parts + 1, found + part.rows.map(\.standing.eventID))
            guard let next = part.next else { break }
            #expect(next > after)
            after = next
        }
        #expect(parts == 3 && found == [ids[13]])
        #expect(view.restrictions(filter, after: 0, rows: 1).next == nil)
        let all = view.restrictions(.init(), after: 0, rows: 15)
        #expect(all.rows.map(\.standing.eventID) == Array(ids[4..<19]) && all.next == all.rows.last?.position)
        #expect(view.restrictions(.init(), after: 0, rows: 16).next == nil)
    }

    @Test func membersAreListedByNameWhoeverJoins() throws {
        var view = try View(grants: [])
        var (names, after) = ([String](), "")
        while true {
            let (rows, isEnd) = view.members(after: after, rows: 2, where: { _ in true })
            names += rows.map(\.keys.name)
            if view.member("aaa") == nil {
                try view.add(.nodeAdmitted(Make.node("aaa", .enforcer), tokenHash: Make.id("t")), by: "ledger")
                try view.add(.nodeAdmitted(Make.node("zzz", .enforcer), tokenHash: Make.id("u")), by: "ledger")
            }
            if isEnd { break }
            after = rows.last!.keys.name
        }
        #expect(names == ["auditor", "issuer", "ledger", "n1", "n2", "op", "zzz"])
    }

    @Test func ratesAreListedInOrder() throws {
        var view = try View(grants: [])
        for name in ["c", "a", "b"] {
            try view.add(.rateCreated(NamedRate(Rate(name: name, unit: name, limit: 1, periodMS: 1_000), for: .all)))
        }
        let first = view.rates(after: 0, rows: 2, where: { _ in true })
        #expect(first.rows.map(\.named.rate.name) == ["c", "a"])
        #expect(view.rates(after: first.next!, rows: 2, where: { _ in true }).rows.map(\.named.rate.name) == ["b"])
        #expect(view.rates(after: 0, rows: 9, where: { $0.rate.unit == "a" }).rows.count == 1)
    }
}
