import Foundation
import PenstockCore
import PenstockNode
import PenstockTestSupport
import Testing

@testable import PenstockEnforcer

/// What a node's door makes of pages of the log.
@Suite struct LinkDoorTests {
    @Test func wholePageIsFolded() throws {
        let rig = try LinkRig()
        rig.link.takePage(rig.grants(100), from: 2)
        #expect(rig.applied == 101 && rig.halted == nil)
        // What was folded before is passed over, and a page behind a gap is left to be fetched.
        let more = rig.grants(20)
        rig.link.takePage(more, from: 110)
        #expect(rig.applied == 101)
        rig.link.takePage(rig.grants(2) + more, from: 100)
        #expect(rig.applied == 121 && rig.halted == nil)
    }

    /// Whatever comes behind it, and however many signatures do not verify.
    @Test(arguments: [0, 1, 30, 59]) func pageIsFoldedUpToTheFirstForgedSignature(place: Int) throws {
        let rig = try LinkRig()
        var page = rig.grants(60)
        page[place] = rig.grants(1, by: rig.node, as: "issuer")[0]
        if place < 58 { page[place + 2] = rig.grants(1, by: rig.node, as: "stranger")[0] }
        rig.link.takePage(page, from: 2)
        #expect(rig.applied == UInt64(place) + 1)
        #expect(rig.halted == "log position \(place + 2) cannot be followed: its signature does not verify")
        rig.link.takePage(rig.grants(1), from: UInt64(place) + 2)
        #expect(rig.applied == UInt64(place) + 1)
    }

    @Test(arguments: [
        ("damaged", "malformed"), ("role", "a key of role issuer caused a epoch_opened"),
        ("stranger", "its origin 'stranger' is not a member"),
    ]) func whatNobodyMayCauseEndsAPage(kind: String, why: String) throws {
        let rig = try LinkRig()
        let entry =
            switch kind {
            case "damaged": Data([1, 2, 3])
            case "role": rig.sign(.epochOpened(2, reason: ""), by: .issuer)
            default: rig.grants(1, by: rig.node, as: "stranger")[0]
            }
        rig.link.takePage(rig.grants(20) + [entry] + rig.grants(20), from: 2)
        let halted = try #require(rig.halted)
        #expect(rig.applied == 21 && halted.hasPrefix("log position 22 cannot be followed: "))
        #expect(halted.contains(why))
    }

    /// Who joins on a page has signed what follows on it; who is expelled on it has not.
    @Test func memberThatJoinsOnAPageHasSignedWhatFollows() throws {
        let rig = try LinkRig()
        let late = try rig.stranger("late", .issuer)
        let joins = [
            rig.sign(.joinTokenMade(JoinToken(hash: testDigest, role: .issuer, expiresAt: .max)), by: .operator),
            rig.sign(.nodeAdmitted(late.keys, tokenHash: testDigest), by: .ledger),
        ]
        rig.link.takePage(rig.grants(30) + joins + rig.grants(30, by: late), from: 2)
        #expect(rig.applied == 63 && rig.halted == nil)
        let expels = rig.sign(.nodeExpelled(name: "late", reason: ""), by: .operator)
        rig.link.takePage(rig.grants(20, by: late) + [expels] + rig.grants(20) + rig.grants(20, by: late), from: 64)
        #expect(rig.applied == 104)
        #expect(rig.halted == "log position 105 cannot be followed: its origin 'late' is not a member")
    }

    /// A restriction comes on both lanes, and is verified on the first.
    @Test func signatureThatWasVerifiedIsNotVerifiedAgain() throws {
        let rig = try LinkRig()
        let page = rig.grants(20, by: rig.node, as: "issuer")
        for entry in page { rig.link.verified.insert(try SignedEvent(entry: [UInt8](entry)).event.id) }
        rig.link.takePage(page, from: 2)
        #expect(rig.applied == 21 && rig.halted == nil)
        rig.link.takePage(rig.grants(1, by: rig.node, as: "issuer"), from: 22)
        #expect(rig.applied == 21 && rig.halted != nil)
    }
}
