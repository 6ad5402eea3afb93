internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Testing

@Suite struct EventCodecTests {
    private func decode(_ bytes: [UInt8]) throws(WireError) -> Event { try EventCodec.decode(body: bytes, id: Sample.digest(0xff)) }

    private func code(_ bytes: [UInt8]) -> WireError.Code? {
        wireError { () throws(WireError) in _ = try decode(bytes) }
    }

    /// A body of a kind with one thing changed.
    private func changed(_ name: EventKind.Name, _ change: (inout Penstock_V1_EventBody) -> Void) throws -> [UInt8] {
        var proto = try Penstock_V1_EventBody(serializedBytes: Sample.body(Sample.kind(name)))
        change(&proto)
        return try proto.serializedBytes()
    }

    private static let further: [EventKind] = [
        .genesis([], Sample.settings), .grantIssued(emptyGrant), .grantIssued(delegable), .epochOpened(.max, reason: ""),
        .restricted(Restriction(level: .revoke, selector: .all, reason: "", expiresAt: 0)),
        .restricted(Restriction(level: .suspend, selector: .node("gw-1"), reason: "", expiresAt: 0)),
        .restricted(Restriction(level: .throttle(calls: 0, windowMS: .max), selector: .run("r"), reason: "", expiresAt: 0)),
        .lifted(Lifting(eventIDs: [], reason: "", expired: false)),
        .sliceClosed(SliceReport(incarnation: Sample.incarnation(1), uses: [])),
    ]

    private static let delegable: Grant = {
        var grant = Sample.grant
        grant.delegate = 8
        return grant
    }()

    private static let emptyGrant: Grant = {
        var grant = Grant()
        grant.credentialDigest = .zero
        return grant
    }()

    @Test(arguments: EventKind.Name.allCases.map(Sample.kind) + further) func everyKindComesBack(kind: EventKind) throws {
        #expect(try decode(Sample.body(kind)) == Sample.event(kind))
    }

    @Test(arguments: Selector.Kind.allCases) func everySelectorComesBack(kind: Selector.Kind) throws {
        let selector = try #require(Selector(kind: kind, value: kind == .all ? "" : "x"))
        let event = EventKind.restricted(Restriction(level: .revoke, selector: selector, reason: "", expiresAt: 0))
        #expect(try decode(Sample.body(event)).kind == event)
    }

    @Test(arguments: Role.allCases) func everyRoleComesBack(role: Role) throws {
        let event = EventKind.nodeAdmitted(Sample.keys("n", role, 9), tokenHash: .zero)
        #expect(try decode(Sample.body(event)).kind == event)
    }

    @Test func equalEventsGiveEqualBytes() {
        for name in EventKind.Name.allCases { #expect(Sample.body(Sample.kind(name)) == Sample.body(Sample.kind(name))) }
    }

    @Test(arguments: EventKind.Name.allCases) func truncatedAnywhereIsRefused(name: EventKind.Name) {
        let bytes = Sample.body(Sample.kind(name))
        for count in bytes.indices { #expect(code(Array(bytes[..<count])) != nil, "at \(count)") }
    }

    @Test(arguments: [UInt32(0), 2, .max]) func otherVersionIsRefused(version: UInt32) throws {
        #expect(code(try changed(.grantIssued) { $0.version = version }) == .oldVersion)
    }

    @Test(arguments: [0, 15, 17]) func nonceOfAnotherLengthIsRefused(count: Int) throws {
        #expect(code(try changed(.grantIssued) { $0.nonce = Data(repeating: 1, count: count) }) == .malformed)
    }

    /// Field 31 is the next kind that some later version may add.
    @Test(arguments: [[], [0xfa, 0x01, 0x02, 0x08, 0x01]] as [[UInt8]]) func unknownKindIsRefused(field: [UInt8]) throws {
        #expect(code(try changed(.grantIssued) { $0.kind = nil } + field) == .unknownKind)
    }

    @Test func digestOfAnotherLengthIsRefused() throws {
        let short = Data(repeating: 1, count: 31)
        #expect(code(try changed(.grantIssued) { $0.grantIssued.grant.credentialDigest = short }) == .malformed)
        #expect(code(try changed(.nodeAdmitted) { $0.nodeAdmitted.tokenHash = short }) == .malformed)
        #expect(code(try changed(.joinTokenMade) { $0.joinTokenMade.tokenHash = short }) == .malformed)
        #expect(code(try changed(.lifted) { $0.lifted.eventIds[1] = Data() }) == .malformed)
        #expect(code(try changed(.decisionBatch) { $0.decisionBatch.digest = Data(repeating: 1, count: 33) }) == .malformed)
    }

    @Test func incarnationOfAnotherLengthIsRefused() throws {
        let short = Data(repeating: 1, count: 15)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.incarnation = short }) == .malformed)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.requestID = Data() }) == .malformed)
        #expect(code(try changed(.spendReported) { $0.spendReported.incarnation = short }) == .malformed)
        #expect(code(try changed(.sliceClosed) { $0.sliceClosed.incarnation = short }) == .malformed)
        #expect(code(try changed(.decisionBatch) { $0.decisionBatch.incarnation = short }) == .malformed)
    }

    @Test func valuesOutsideTheirSetAreRefused() throws {
        #expect(code(try changed(.genesis) { $0.genesis.nodes[0].role = .unspecified }) == .malformed)
        #expect(code(try changed(.genesis) { $0.genesis.nodes[0].role = .UNRECOGNIZED(6) }) == .malformed)
        #expect(code(try changed(.genesis) { $0.genesis.nodes[0].signingKey = Data() }) == .malformed)
        #expect(code(try changed(.genesis) { $0.genesis.nodes[0].channelKey.removeLast() }) == .malformed)
        #expect(code(try changed(.joinTokenMade) { $0.joinTokenMade.role = .UNRECOGNIZED(-1) }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.level = .unspecified }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.level = .UNRECOGNIZED(9) }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.selector.kind = .UNRECOGNIZED(300) }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.selector.value = "" }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.selector.kind = .all }) == .malformed)
        #expect(code(try changed(.restricted) { $0.restricted.clearSelector() }) == .malformed)
        #expect(code(try changed(.grantIssued) { $0.grantIssued.grant.conditions[0].operator = "~" }) == .malformed)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.amount = -1 }) == .malformed)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.amount = 1 << 46 + 1 }) == .malformed)
    }
}
