internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Testing

@Suite struct SnapshotCodecTests {
    /// A view with something of every kind, and perhaps a restriction seen before its turn.
    private func view(urgentFirst: Bool = false) throws -> View {
        let revoke = Event(
            id: Sample.digest(0xe9), mesh: "acme", origin: "ana", createdAt: 5,
            kind: .restricted(Restriction(level: .revoke, selector: .purpose("invoi\u{301}ces"), reason: "r", expiresAt: 8)))
        var grant = Sample.grant
        (grant.parent, grant.draws, grant.purpose) = ("", ["team"], "invo\u{ed}ces")
        let kinds: [EventKind] = [
            Sample.kind(.genesis), .budgetCreated(Budget(name: "team", unit: "tokens", ceiling: 9, parent: "")), Sample.kind(.joinTokenMade),
            .grantIssued(grant), Sample.kind(.nodeAdmitted), Sample.kind(.restricted), Sample.kind(.nodeExpelled), Sample.kind(.grantRenewed),
        ]
        var view = View()
        for kind in kinds {
            try view.apply(Event(id: Sample.digest(UInt8(view.position)), mesh: "acme", origin: "ana", createdAt: 3, kind: kind), at: view.position + 1)
            if view.position == 1, urgentFirst { _ = view.applyAhead(revoke, at: 9) }
        }
        try view.apply(revoke, at: 9)
        return view
    }

    @Test func imageComesBack() throws {
        let image = try view().image
        #expect(try SnapshotCodec.decode(SnapshotCodec.encode(image)) == image)
    }

    @Test func decodedAndFoldedOnIsByteForByteTheSame() throws {
        let bytes = SnapshotCodec.encode(try view().image)
        let image = try SnapshotCodec.decode(bytes)
        #expect(SnapshotCodec.encode(image) == bytes)
        #expect(SnapshotCodec.encode(try View(image: image).image) == bytes)
    }

    @Test func equalFoldsGiveEqualBytesWhateverWasSeenFirst() throws {
        #expect(SnapshotCodec.encode(try view(urgentFirst: true).image) == SnapshotCodec.encode(try view().image))
    }

    @Test(arguments: [UInt32(0), 2]) func otherVersionIsRefused(version: UInt32) throws {
        #expect(try code { $0.version = version } == .oldVersion)
    }

    @Test func badPartsAreRefused() throws {
        #expect(try code { $0.restrictions[0].eventID.removeLast() } == .malformed)
        #expect(try code { $0.restrictions[0].restricted.level = .unspecified } == .malformed)
        #expect(try code { $0.grants[0].grant.credentialDigest = Data() } == .malformed)
        #expect(try code { $0.tokens[0].token.role = .unspecified } == .malformed)
        #expect(try code { $0.nodes[0].keys.channelKey = Data() } == .malformed)
        #expect(wireError { () throws(WireError) in _ = try SnapshotCodec.decode([0x0f]) } == .malformed)
    }

    private func code(_ change: (inout Penstock_V1_Snapshot) -> Void) throws -> WireError.Code? {
        var proto = try Penstock_V1_Snapshot(serializedBytes: SnapshotCodec.encode(view().image))
        change(&proto)
        let bytes: [UInt8] = try proto.serializedBytes()
        return wireError { () throws(WireError) in _ = try SnapshotCodec.decode(bytes) }
    }
}
