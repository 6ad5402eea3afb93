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
            kind: .restricted(
                Restriction(level: .revoke, selector: .purpose("invoi\u{301}ces"), reason: "r", expiresAt: 8)))
        var grant = Sample.grant
        (grant.parent, grant.draws, grant.purpose) = ("", ["team"], "invo\u{ed}ces")
        grant.rates = [Rate(unit: "calls", limit: 10, periodMS: 1000, burst: 3)]
        let kinds: [EventKind] = [
            Sample.kind(.genesis), .budgetCreated(Budget(name: "team", unit: "tokens", ceiling: 9, parent: "")),
            Sample.kind(.joinTokenMade),
            .budgetCreated(Sample.budget),
            .grantIssued(grant), Sample.kind(.nodeAdmitted), Sample.kind(.restricted), Sample.kind(.nodeExpelled),
            Sample.kind(.grantRenewed),
            Sample.kind(.rateCreated),
        ]
        var view = View()
        for kind in kinds {
            try view.apply(
                Event(id: Sample.digest(UInt8(view.position)), mesh: "acme", origin: "ana", createdAt: 3, kind: kind),
                at: view.position + 1)
            if view.position == 1, urgentFirst { _ = view.applyAhead(revoke, at: 11) }
        }
        try view.apply(revoke, at: 11)
        return view
    }

    @Test func viewComesBack() throws {
        let view = try view()
        #expect(try SnapshotCodec.decode(SnapshotCodec.encode(view)).image == view.image)
    }

    @Test func decodedIsByteForByteTheSame() throws {
        let bytes = SnapshotCodec.encode(try view())
        #expect(SnapshotCodec.encode(try SnapshotCodec.decode(bytes)) == bytes)
    }

    @Test func equalFoldsGiveEqualBytesWhateverWasSeenFirst() throws {
        #expect(SnapshotCodec.encode(try view(urgentFirst: true)) == SnapshotCodec.encode(try view()))
    }

    @Test(arguments: [1023, 1024, 1025, 3000]) func grantsOfManyPagesComeBack(count: Int) throws {
        let large = try view(grants: count)
        let bytes = SnapshotCodec.encode(large)
        let loaded = try SnapshotCodec.decode(bytes)
        #expect(loaded.image == large.image)
        #expect(pages(bytes).count == 1 + (count + 1023) / 1024)
    }

    @Test func lostCutAndRepeatedPagesAreRefused() throws {
        let bytes = SnapshotCodec.encode(try view(grants: 2000))
        let pages = pages(bytes)
        #expect(pages.count == 3)
        #expect(refusal(Array(pages[0] + pages[1])) == .malformed)
        #expect(refusal(Array(pages[0] + pages[2])) == .malformed)
        #expect(refusal(Array(pages[0] + pages[1] + pages[1] + pages[2])) == .malformed)
        #expect(refusal(Array(bytes.dropLast())) == .malformed)
        #expect(refusal(bytes + [0]) == .malformed)
        #expect(refusal([]) == .malformed)
    }

    @Test(arguments: [UInt32(0), 2]) func otherVersionIsRefused(version: UInt32) throws {
        #expect(try code { $0.version = version } == .oldVersion)
    }

    @Test func badPartsAreRefused() throws {
        #expect(try code { $0.restrictions[0].eventID.removeLast() } == .malformed)
        #expect(try code { $0.restrictions[0].restricted.level = .unspecified } == .malformed)
        #expect(try code { $0.tokens[0].token.role = .unspecified } == .malformed)
        #expect(try code { $0.budgets[1].maxOut = -1 } == .malformed)
        #expect(try code { $0.budgets[1].window.kind = .UNRECOGNIZED(9) } == .malformed)
        #expect(try code { $0.nodes[0].keys.channelKey = Data() } == .malformed)
        #expect(try code(page: 1) { $0.grants[0].grant.credentialDigest = Data() } == .malformed)
        #expect(try code(page: 1) { $0.grants.append($0.grants[0]) } == .malformed)
        #expect(refusal([1, 0, 0, 0, 0x0f]) == .malformed)
    }

    private func view(grants count: Int) throws -> View {
        var view = View()
        try view.apply(Event(id: .zero, mesh: "acme", origin: "ana", createdAt: 3, kind: Sample.kind(.genesis)), at: 1)
        for number in 0..<count {
            var grant = Sample.grant
            (grant.grantID, grant.runID, grant.parent, grant.draws) = ("g\(number)", "r\(number)", "", [])
            grant.credentialDigest = Digest(words: (UInt64(number), 1, 2, 3))
            try view.apply(
                Event(id: .zero, mesh: "acme", origin: "ana", createdAt: 3, kind: .grantIssued(grant)),
                at: view.position + 1)
        }
        return view
    }

    /// Each page with its length.
    private func pages(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pages: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = 4 + rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            pages.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return pages
    }

    private func code(page: Int = 0, _ change: (inout Penstock_V1_Snapshot) -> Void) throws -> WireError.Code? {
        var pages = try pages(SnapshotCodec.encode(view()))
        var proto = try Penstock_V1_Snapshot(serializedBytes: Array(pages[page].dropFirst(4)))
        change(&proto)
        let bytes: [UInt8] = try proto.serializedBytes()
        pages[page] = (withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes)[...]
        return refusal(Array(pages.joined()))
    }

    private func refusal(_ bytes: [UInt8]) -> WireError.Code? {
        wireError { () throws(WireError) in _ = try SnapshotCodec.decode(bytes) }
    }
}
