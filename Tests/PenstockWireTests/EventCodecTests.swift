internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Testing

@Suite struct EventCodecTests {
    private func decode(_ bytes: [UInt8]) throws(WireError) -> Event {
        try EventCodec.decode(body: bytes, id: Sample.digest(0xff))
    }

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
        .genesis([], Sample.settings), .grantIssued(emptyGrant), .grantIssued(delegable), .grantIssued(rated),
        .epochOpened(.max, reason: ""),
        .restricted(Restriction(level: .revoke, selector: .all, reason: "", expiresAt: 0)),
        .restricted(Restriction(level: .suspend, selector: .node("gw-1"), reason: "", expiresAt: 0)),
        .restricted(
            Restriction(level: .throttle(calls: 0, windowMS: .max), selector: .run("r"), reason: "", expiresAt: 0)),
        .restricted(Restriction(level: .scale(percent: 99), selector: .principal("p"), reason: "", expiresAt: 0)),
        .lifted(Lifting(eventIDs: [], reason: "", expired: false)),
        .sliceClosed(SliceReport(incarnation: Sample.incarnation(1), uses: [])),
        .budgetCreated(Sample.budget), .budgetCreated(Budget(name: "all", unit: "calls", ceiling: 0, selector: .all)),
        .budgetCeilingSet(.grant("g-1", unit: "tokens"), ceiling: 0, reason: ""),
        .budgetWarned(name: "team", percent: 1, settled: 0),
        .sliceReserved(
            Slice(
                grantID: "g-1", unit: "tokens", amount: 0, node: "gw-1", incarnation: Sample.incarnation(1),
                requestID: Sample.incarnation(2),
                endsAt: 1_790_000_000_000)),
        .spendReported(
            SliceReport(incarnation: Sample.incarnation(1), uses: [.init(slice: 9, used: 3, returned: 4, held: 5)])),
        .sliceClosed(SliceReport(incarnation: Sample.incarnation(1), uses: [.init(slice: 9, used: 3, returned: .max)])),
    ]

    private static let delegable: Grant = {
        var grant = Sample.grant
        grant.delegate = 8
        return grant
    }()

    private static let rated: Grant = {
        var grant = Sample.grant
        grant.rates = [
            Rate(unit: "calls", limit: 10, periodMS: 1000),
            Rate(unit: "tokens", limit: 1, periodMS: 100, burst: 1 << 46),
        ]
        return grant
    }()

    private static let emptyGrant: Grant = {
        var grant = Grant()
        grant.credentialDigest = .zero
        return grant
    }()

    @Test(arguments: EventKind.Name.allCases.map(Sample.kind) + further) func everyKindComesBack(kind: EventKind) throws
    {
        #expect(try decode(Sample.body(kind)) == Sample.event(kind))
        #expect(EventCodec.isCanonical(body: Sample.body(kind)))
    }

    @Test(arguments: EventKind.Name.allCases.map(Sample.kind) + further) func whatTheValueDoesNotSayIsNotCanonical(
        kind: EventKind
    ) throws {
        let body = Sample.body(kind)
        // An unknown member, one that is there twice, and one that is written though it is empty.
        for more in [[0xba, 0x3e, 0x01, 0x07], [0x08, 0x01], [0x1a, 0x00]] as [[UInt8]] {
            #expect(!EventCodec.isCanonical(body: body + more))
        }
        let within = try nested(body)
        #expect(try decode(within) == Sample.event(kind))
        #expect(!EventCodec.isCanonical(body: within))
    }

    /// An unknown member inside the kind's own message, which is the last of a body.
    private func nested(_ body: [UInt8]) throws -> [UInt8] {
        var proto = try Penstock_V1_EventBody(serializedBytes: body)
        proto.kind = nil
        let head: [UInt8] = try proto.serializedBytes()
        var at = head.count
        func varint() -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while true {
                value |= UInt64(body[at] & 127) << shift
                at += 1
                if body[at - 1] & 128 == 0 { return value }
                shift += 7
            }
        }
        func bytes(_ value: UInt64) -> [UInt8] {
            value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + bytes(value >> 7)
        }
        let tag = varint()
        _ = varint()
        let content = Array(body[at...]) + [0xba, 0x3e, 0x01, 0x07]
        return head + bytes(tag) + bytes(UInt64(content.count)) + content
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

    @Test(arguments: Sample.windows) func everyWindowComesBack(window: BudgetWindow) throws {
        let event = EventKind.budgetCreated(Budget(name: "team", unit: "tokens", ceiling: 9, window: window))
        #expect(try decode(Sample.body(event)).kind == event)
        #expect(try BudgetWindow(window.proto) == window)
    }

    @Test func equalEventsGiveEqualBytes() {
        for name in EventKind.Name.allCases {
            #expect(Sample.body(Sample.kind(name)) == Sample.body(Sample.kind(name)))
        }
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

    /// Field 39 is the next kind that some later version may add.
    @Test(arguments: [[], [0xba, 0x02, 0x02, 0x08, 0x01]] as [[UInt8]]) func unknownKindIsRefused(field: [UInt8]) throws
    {
        #expect(code(try changed(.grantIssued) { $0.kind = nil } + field) == .unknownKind)
    }

    @Test func digestOfAnotherLengthIsRefused() throws {
        let short = Data(repeating: 1, count: 31)
        #expect(code(try changed(.grantIssued) { $0.grantIssued.grant.credentialDigest = short }) == .malformed)
        #expect(code(try changed(.nodeAdmitted) { $0.nodeAdmitted.tokenHash = short }) == .malformed)
        #expect(code(try changed(.joinTokenMade) { $0.joinTokenMade.tokenHash = short }) == .malformed)
        #expect(code(try changed(.lifted) { $0.lifted.eventIds[1] = Data() }) == .malformed)
        #expect(
            code(try changed(.decisionBatch) { $0.decisionBatch.digest = Data(repeating: 1, count: 33) }) == .malformed)
    }

    @Test func incarnationOfAnotherLengthIsRefused() throws {
        let short = Data(repeating: 1, count: 15)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.incarnation = short }) == .malformed)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.requestID = Data() }) == .malformed)
        #expect(code(try changed(.spendReported) { $0.spendReported.incarnation = short }) == .malformed)
        #expect(code(try changed(.sliceClosed) { $0.sliceClosed.incarnation = short }) == .malformed)
        #expect(code(try changed(.decisionBatch) { $0.decisionBatch.incarnation = short }) == .malformed)
        #expect(code(try changed(.debtRecorded) { $0.debtRecorded.incarnation = short }) == .malformed)
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
        #expect(code(try changed(.grantIssued) { $0.grantIssued.grant.conditions[0].operator = "~" }) == nil)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.amount = -1 }) == .malformed)
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.amount = 1 << 46 + 1 }) == .malformed)
    }

    private typealias Created = Penstock_V1_BudgetCreated
    private typealias CeilingSet = Penstock_V1_BudgetCeilingSet
    private typealias Opened = Penstock_V1_WindowOpened
    private typealias Recorded = Penstock_V1_DebtRecorded

    @Test func budgetsThatSayNothingAreRefused() throws {
        let changes: [(inout Created) -> Void] = [
            { $0.maxOut = -1 }, { $0.selector = .init() }, { $0.selector.kind = .principal },
            { $0.window.kind = .UNRECOGNIZED(4) },
            { $0.window.kind = .fixed }, { ($0.window.kind, $0.window.milliseconds) = (.rolling, -1) },
            { ($0.window.kind, $0.window.milliseconds) = (.fixed, 1 << 46 + 1) },
            { ($0.window.kind, $0.window.period) = (.calendar, 1) },
            { ($0.window.kind, $0.window.zone) = (.calendar, "UTC") },
            { ($0.window.kind, $0.window.zone, $0.window.period) = (.calendar, "UTC", 6) },
            { ($0.window.kind, $0.window.zone, $0.window.period) = (.calendar, "UTC", 257) },
        ]
        for (index, change) in changes.enumerated() {
            #expect(code(try changed(.budgetCreated) { change(&$0.budgetCreated) }) == .malformed, "change \(index)")
        }
    }

    @Test func ceilingOfNoBudgetOrOfTwoIsRefused() throws {
        let changes: [(inout CeilingSet) -> Void] = [
            { $0.name = "" }, { $0.grantID = "g-1" }, { $0.unit = "tokens" }, { ($0.name, $0.grantID) = ("", "g-1") },
            { ($0.name, $0.unit) = ("", "tokens") }, { ($0.grantID, $0.unit) = ("g-1", "tokens") }, { $0.ceiling = -1 },
        ]
        for (index, change) in changes.enumerated() {
            #expect(
                code(try changed(.budgetCeilingSet) { change(&$0.budgetCeilingSet) }) == .malformed, "change \(index)")
        }
    }

    @Test func warningsAndWindowsThatSayNothingAreRefused() throws {
        #expect(code(try changed(.budgetWarned) { $0.budgetWarned.name = "" }) == .malformed)
        #expect(code(try changed(.budgetWarned) { $0.budgetWarned.percent = 0 }) == .malformed)
        #expect(code(try changed(.budgetWarned) { $0.budgetWarned.settled = -1 }) == .malformed)
        let changes: [(inout Opened) -> Void] = [
            { $0.budget = "" }, { $0.number = 0 }, { $0.startMs = -1 }, { $0.endMs = $0.startMs }, { $0.endMs = -1 },
        ]
        for (index, change) in changes.enumerated() {
            #expect(code(try changed(.windowOpened) { change(&$0.windowOpened) }) == .malformed, "change \(index)")
        }
    }

    @Test func debtsThatSayNothingAreRefused() throws {
        let changes: [(inout Recorded) -> Void] = [
            { $0.decision = 0 }, { $0.grantID = "" }, { $0.amounts = [] }, { $0.amounts[0].value = 0 },
            { $0.amounts[1].value = -1 },
            { $0.amounts[1].unit = "" },
        ]
        for (index, change) in changes.enumerated() {
            #expect(code(try changed(.debtRecorded) { change(&$0.debtRecorded) }) == .malformed, "change \(index)")
        }
        #expect(code(try changed(.debtsAccepted) { $0.debtsAccepted.positions = [] }) == .malformed)
        #expect(code(try changed(.debtsAccepted) { $0.debtsAccepted.positions[1] = 0 }) == .malformed)
    }

    @Test func negativePartsOfSlicesAreRefused() throws {
        #expect(code(try changed(.sliceReserved) { $0.sliceReserved.endsAtMs = -1 }) == .malformed)
        #expect(code(try changed(.spendReported) { $0.spendReported.uses[1].returned = -1 }) == .malformed)
        #expect(code(try changed(.sliceClosed) { $0.sliceClosed.uses[0].held = -1 }) == .malformed)
    }
}
