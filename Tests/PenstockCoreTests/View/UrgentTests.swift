internal import PenstockCore
internal import Testing

/// Restrictions from the urgent lane, ahead of the fold.
@Suite struct UrgentTests {
    private let revoke = Make.event(Make.id("urgent"), Make.revoke(.run("run-g")))

    @Test func restrictionAheadStandsAtOnce() throws {
        var view = try View(grants: [Make.grant("g")])
        let taken = view.applyAhead(revoke, at: 5)
        #expect(taken)
        #expect(view.marks(on: "g") == .revoked)
        #expect(view.position == 2)
    }

    @Test(arguments: [UInt64(1), 2]) func restrictionAtOrBelowThePositionIsIgnored(position: Position) throws {
        var view = try View(grants: [Make.grant("g")])
        let taken = view.applyAhead(revoke, at: position)
        #expect(!taken)
        #expect(view.marks(on: "g") == [])
    }

    @Test func sameRestrictionTwiceStandsOnce() throws {
        var view = try View(grants: [Make.grant("g")])
        let taken = [view.applyAhead(revoke, at: 3), view.applyAhead(revoke, at: 3)]
        #expect(taken == [true, true])
        #expect(view.restrictions.count == 1)
    }

    @Test func anotherRestrictionDoesNotTakeAPositionThatIsTaken() throws {
        var view = try View(grants: [Make.grant("g"), Make.grant("h")])
        let other = Make.event(Make.id("other"), Make.revoke(.run("run-h")))
        let taken = [view.applyAhead(revoke, at: 5), view.applyAhead(other, at: 5)]
        #expect(taken == [true, false])
        #expect(view.marks(on: "h") == [])
    }

    @Test func onlyRestrictionsOfThisMeshAreTakenAhead() throws {
        var view = try View(grants: [Make.grant("g")])
        let events = [
            Make.event(Make.id("x"), Make.revoke(.all), mesh: "other"),
            Make.event(Make.id("x"), .grantIssued(Make.grant("h")), by: "issuer"),
            Make.event(Make.id("x"), Make.lift(Make.id("y"))),
        ]
        let taken = events.map { view.applyAhead($0, at: 3) }
        #expect(taken == [false, false, false])
        #expect(view.marks(on: "g") == [])
    }

    @Test func foldMergesWhatWasAhead() throws {
        var view = try View(grants: [Make.grant("g")])
        _ = view.applyAhead(revoke, at: 3)
        try view.add(revoke.kind, id: revoke.id)
        var plain = try View(grants: [Make.grant("g")])
        try plain.add(revoke.kind, id: revoke.id)
        #expect(view.image == plain.image)
        try view.add(Make.lift(revoke.id))
        #expect(view.marks(on: "g") == [])
    }

    @Test func severalAheadCombineAndMergeEachAtItsPosition() throws {
        var view = try View(grants: [Make.grant("g")])
        let suspend = Make.event(Make.id("suspend"), Make.revoke(.run("run-g"), .suspend))
        _ = view.applyAhead(suspend, at: 4)
        _ = view.applyAhead(revoke, at: 3)
        #expect(view.marks(on: "g") == [.revoked, .suspended])
        try view.add(revoke.kind, id: revoke.id)
        #expect(view.image.restrictions.map(\.position) == [3])
        try view.add(suspend.kind, id: suspend.id)
        #expect(view.image.restrictions.map(\.position) == [3, 4])
    }

    @Test func anotherRestrictionAtThePositionReplacesTheOneAhead() throws {
        var view = try View(grants: [Make.grant("g"), Make.grant("h")])
        _ = view.applyAhead(revoke, at: 4)
        try view.add(Make.revoke(.run("run-h")))
        #expect(view.marks(on: "g") == [])
        #expect(view.marks(on: "h") == .revoked)
    }

    @Test func anotherKindAtThePositionDropsTheOneAhead() throws {
        var view = try View(grants: [Make.grant("g")])
        _ = view.applyAhead(revoke, at: 3)
        try view.add(.settingsChanged(.standard))
        var plain = try View(grants: [Make.grant("g")])
        try plain.add(.settingsChanged(.standard))
        #expect(view.marks(on: "g") == [])
        #expect(view.image == plain.image)
    }

    @Test func grantIssuedBelowARestrictionAheadIsCovered() throws {
        var view = try View(grants: [])
        _ = view.applyAhead(revoke, at: 3)
        try view.add(.grantIssued(Make.grant("g")), by: "issuer")
        #expect(view.marks(on: "g") == .revoked)
    }
}
