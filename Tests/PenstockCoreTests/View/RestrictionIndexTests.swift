internal import PenstockCore
internal import Testing

/// What a view answers from its indexes is what a look at all restrictions, grants and debts would answer.
@Suite struct RestrictionIndexTests {
    private static let over = Make.wall - Limits.keptMS
    private static let levels: [Restriction.Level] = [
        .revoke, .suspend, .scale(percent: 50), .throttle(calls: 0, windowMS: 1_000),
        .throttle(calls: 3, windowMS: 1_000),
    ]
    private static let selectors: [Selector] =
        [.all, .node("n1"), .node("n2"), .issuer("issuer"), .issuer("op")]
        + (0..<4).flatMap { number -> [Selector] in
            [
                .grant("\(number)"), .subtree("\(number)"), .run("r\(number)"), .agent("a\(number)"),
                .agentClass("c\(number)"), .purpose("a\(number)"),
            ]
        }

    private func marks(_ level: Restriction.Level) -> View.Marks {
        switch level {
        case .revoke: .revoked
        case .suspend: .suspended
        case .throttle, .scale: .throttled
        }
    }

    private func check(_ view: View, _ events: [Digest]) {
        for index in view.handles.map(Int.init) {
            let standing = view.restrictions.values.filter { view.covers($0.restriction.selector, index) }
            let debts = view.debts.values.filter { $0.grantID == view.placedGrant(index).grant.grantID }
            #expect(
                view.marks(onGrant: index).subtracting(.frozen)
                    == standing.reduce(into: []) { $0.formUnion(marks($1.restriction.level)) })
            #expect(debts.isEmpty || view.marks(onGrant: index).contains(.frozen))
            let throttles = view.restrictions.filter { $0.value.restriction.level.isThrottle }
                .filter {
                    view.covers($0.value.restriction.selector, index) || $0.value.restriction.selector == .node("n1")
                }
            let rates = throttles.filter {
                if case .throttle(let calls, _) = $0.value.restriction.level { calls > 0 } else { false }
            }
            #expect(
                view.rates(ofGrant: index, at: "n1").map(\.key.written)
                    == rates.keys.sorted().map { "throttle/\($0)" })
        }
        for node in ["n1", "n2"] {
            let standing = view.restrictions.values.filter { $0.restriction.selector == .node(node) }
            #expect(view.marks(onNode: node) == standing.reduce(into: []) { $0.formUnion(marks($1.restriction.level)) })
        }
        for selector in Self.selectors {
            #expect(view.matchedGrants(selector) == view.handles.count { view.covers(selector, Int($0)) })
        }
        for id in events {
            let standing = view.restrictions.filter { $0.value.eventID == id }.keys.min()
            #expect(view.standing(id: id)?.position == standing)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func indexesAnswerAsALookAtAllWould(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var view = try View(grants: [])
        var events: [Digest] = []
        for number in 0..<150 {
            let level = Self.levels.randomElement(using: &random)!
            let restriction = Make.revoke(Self.selectors.randomElement(using: &random)!, level)
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1, 2: events.append(try view.add(restriction))
            case 3:
                let event = Make.event(Make.id("ahead \(number)"), restriction)
                let place = view.position + .random(in: 1...4, using: &random)
                _ = view.applyAhead(event, at: place)
                events.append(event.id)
                // The log may have it there, elsewhere, or not.
                if Bool.random(using: &random) { try view.add(restriction, id: event.id) }
            case 4, 5, 6:
                let lifted = (0..<3).compactMap { _ in events.randomElement(using: &random) }
                try view.add(.lifted(Lifting(eventIDs: lifted, reason: "", expired: false)))
            case 7:
                let over = view.handles.map(Int.init).filter {
                    view.isOver($0, by: Make.wall) && !view.hasChildren($0) && Bool.random(using: &random)
                }
                try view.add(.forgotten(Forgetting(grants: over.map { view.grants[$0].position })), by: "ledger")
            default: try issue(number, in: &view, &random)
            }
            if number.isMultiple(of: 10) { check(view, events) }
        }
        check(view, events)
        let made = try View(image: view.image)
        check(made, events)
    }

    private func issue(_ number: Int, in view: inout View, _ random: inout SplitMix) throws {
        let parent = view.handles.randomElement(using: &random).map { view.placedGrant(Int($0)).grant }
        let part = number % 4
        let grant = Make.grant(view.index(ofGrant: "\(part)") == nil ? "\(part)" : "g\(number)") {
            $0.credentialDigest = Make.id("credential \(number)")
            ($0.runID, $0.agentID, $0.agentClass, $0.purpose) = ("r\(part)", "a\(part)", "c\(part)", "a\(part)")
            $0.expiresAt = Bool.random(using: &random) ? Self.over : Make.wall + 1
            $0.delegate = 8
            guard let parent, Bool.random(using: &random) else { return }
            ($0.parent, $0.runID) = (parent.grantID, "")
            if Bool.random(using: &random) { $0.agentID = "" }
        }
        try view.add(.grantIssued(grant), by: "issuer")
    }

    /// Each of them is found and ended by itself; a look at all of them for each would take minutes.
    @Test func manyOfManyAreLiftedAtOnce() throws {
        var view = try View(grants: [Make.grant("g")])
        let ids = try (0..<20_000).map { try view.add(Make.revoke($0 % 2 == 0 ? .agent("a\($0)") : .run("run-g"))) }
        let start = ContinuousClock.now
        for first in stride(from: 0, to: ids.count, by: Limits.liftedAtOnce) {
            let part = Array(ids[first..<first + Limits.liftedAtOnce])
            #expect(part.allSatisfy { view.standing(id: $0) != nil })
            try view.add(.lifted(Lifting(eventIDs: part, reason: "", expired: false)))
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(view.restrictions.isEmpty && view.marks(on: "g") == [])
    }
}
