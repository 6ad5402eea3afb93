internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Testing

@Suite struct MessagesTests {
    private func requestCode(_ bytes: [UInt8]) -> WireError.Code? {
        wireError { () throws(WireError) in _ = try Request(bytes: bytes) }
    }

    private func replyCode(_ bytes: [UInt8]) -> WireError.Code? {
        wireError { () throws(WireError) in _ = try Reply(bytes: bytes) }
    }

    @Test func requestAndReplyComeBack() throws {
        let request = Request(id: 7, .echo(.with { ($0.nonce, $0.applied) = (3, 4) }))
        #expect(try Request(bytes: encode(request)) == request)
        let reply = Reply(id: 7, .echo(.with { ($0.nonce, $0.head) = (3, 5) }))
        #expect(try Reply(bytes: encode(reply)) == reply)
    }

    @Test(arguments: [UInt32(0), 2]) func otherVersionIsRefused(version: UInt32) {
        var request = Request(id: 1, .head(.init()))
        request.version = version
        #expect(requestCode(encode(request)) == .oldVersion)
        var reply = Reply(id: 1, .done(.init()))
        reply.version = version
        #expect(replyCode(encode(reply)) == .oldVersion)
    }

    @Test func unknownKindIsRefused() {
        var request = Request(id: 1, .head(.init()))
        request.kind = nil
        #expect(requestCode(encode(request)) == .unknownKind)
        // Field 536,870,911, the last that there can be.
        #expect(requestCode(encode(request) + [0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00]) == .unknownKind)
        var reply = Reply(id: 1, .done(.init()))
        reply.kind = nil
        #expect(replyCode(encode(reply)) == .unknownKind)
    }

    @Test func bytesThatAreNoMessageAreMalformed() {
        #expect(requestCode([0xff]) == .malformed)
        #expect(replyCode([0x0a, 0x05]) == .malformed)
    }

    /// Many small parts of a message take many times its bytes once decoded: only what is one text may be long.
    @Test func onlyDecisionsAreLong() throws {
        let long = Data(repeating: 7, count: Request.mostBytes)
        let decisions = Request(
            id: 1, .decisions(.with { ($0.incarnation, $0.records) = (Data(repeating: 1, count: 16), long) }))
        #expect(try Request(bytes: encode(decisions)) == decisions)
        #expect(requestCode(encode(Request(id: 1, .submit(.with { $0.event = long })))) == .tooLarge)
        let parts: [UInt8] = (0..<Request.mostBytes / 2).flatMap { _ in [0x22, 0x00] as [UInt8] }
        let reserve = Request(id: 1, .reserve(.init()))
        // 21 << 3 | 2, then its length in three bytes.
        let body = Array(encode(reserve).dropLast(3))
        #expect(
            requestCode(
                body + [0xaa, 0x01] + [
                    UInt8(parts.count & 127 | 128), UInt8(parts.count >> 7 & 127 | 128), UInt8(parts.count >> 14),
                ] + parts) == .tooLarge)
        #expect(requestCode(encode(decisions) + encode(decisions)) == .tooLarge, "each field once")
        #expect(requestCode(encode(decisions) + [0xb2]) == .tooLarge)
        #expect(requestCode(Array(encode(decisions).dropLast(1))) == .tooLarge)
    }

    @Test(arguments: Refusal.Code.allCases) func refusalComesBack(code: Refusal.Code) {
        let refusal = Refusal(code, "why", retryAfterMS: 9)
        #expect(Refusal(refusal.proto) == refusal)
    }

    @Test func refusalOfAnUnknownCodeIsStillARefusal() {
        #expect(Refusal(.with { ($0.code, $0.message) = ("later_code", "why") }) == Refusal(.invalid, "why"))
    }

    @Test(arguments: [
        (WireError.Code.malformed, Refusal.Code.malformed), (.tooLarge, .malformed), (.unknownKind, .malformed),
        (.oldVersion, .oldVersion),
    ])
    func wireErrorIsRefusedByItsCode(code: WireError.Code, expected: Refusal.Code) {
        #expect(Refusal(WireError(code, "why")) == Refusal(expected, "why"))
    }

    // MARK: Slices

    private static let parts = [("usd_micros", 5, 9), ("tokens", 0, 1 << 46), ("calls", 1, 1)].map {
        SliceRequest.Part(unit: $0.0, need: $0.1, want: $0.2)
    }

    @Test(arguments: 1...3) func requestForSlicesComesBack(count: Int) throws {
        let request = SliceRequest(
            incarnation: Sample.incarnation(1), requestID: Sample.incarnation(2), grantID: "g-1",
            parts: Array(Self.parts.prefix(count)))
        #expect(SliceRequest(request.proto) == request)
        let sent = Request(id: 7, .reserve(request.proto))
        #expect(try Request(bytes: encode(sent)) == sent)
    }

    @Test func requestOfOneUnitIsWhatItWas() {
        let request = SliceRequest(
            incarnation: Sample.incarnation(1), requestID: Sample.incarnation(2), grantID: "g-1", parts: [Self.parts[0]]
        )
        let expected = Penstock_V1_Reserve.with {
            ($0.incarnation, $0.requestID) = (Data(request.incarnation.bytes), Data(request.requestID.bytes))
            ($0.grantID, $0.unit, $0.need, $0.want) = ("g-1", "usd_micros", 5, 9)
        }
        #expect(request.proto == expected)
    }

    @Test func requestOfAnIncarnationOfAnotherLengthIsNone() {
        var proto = SliceRequest(
            incarnation: Sample.incarnation(1), requestID: Sample.incarnation(2), grantID: "g-1", parts: Self.parts
        ).proto
        proto.incarnation.removeLast()
        #expect(SliceRequest(proto) == nil)
        proto.incarnation = proto.requestID
        proto.requestID.append(0)
        #expect(SliceRequest(proto) == nil)
    }

    private static let granted = [
        Purse.Granted(slice: 9, unit: "usd_micros", amount: 640, endsAt: 0),
        .init(slice: 10, unit: "tokens", amount: 1, endsAt: 77),
    ]

    @Test(arguments: 0...2) func slicesAndRefusalsComeBack(count: Int) throws {
        let granted = Array(Self.granted.prefix(count))
        var lacking = SliceAnswer.Refused("calls", .budgetExhausted)
        (lacking.budget, lacking.couldGet, lacking.heldHere, lacking.heldElsewhere, lacking.retryAfterMS) = (
            "org", 0, 7, 1 << 46, 60_000
        )
        let refused = [lacking, SliceAnswer.Refused("bytes", .budgetFrozen)]
        let reply = Reply(id: 7, .reserved(.init(granted, refused: refused)))
        guard case .reserved(let reserved)? = try Reply(bytes: encode(reply)).kind else {
            Issue.record("another kind")
            return
        }
        #expect(reserved.granted == granted)
        #expect(reserved.refusals == refused)
        #expect((reserved.slice == 0) == granted.isEmpty)
    }

    @Test func unitRefusedWithAnUnknownCodeIsStillRefused() {
        let reserved = Penstock_V1_Reserved.with {
            $0.refused = [.with { ($0.unit, $0.code) = ("calls", "later_code") }]
        }
        #expect(reserved.refusals.map(\.code) == [.invalid])
    }

    @Test func slicesThatSayNothingAreRefused() {
        let changes: [(inout Penstock_V1_Reserved) -> Void] = [
            { $0.amount = -1 }, { $0.unit = "" }, { $0.endsAtMs = -1 }, { $0.more[0].amount = 1 << 46 + 1 },
            { $0.more[0].unit = "" }, { $0.more[0].endsAtMs = -1 },
        ]
        for (index, change) in changes.enumerated() {
            var reserved = Penstock_V1_Reserved(Self.granted, refused: [])
            change(&reserved)
            #expect(replyCode(encode(Reply(id: 7, .reserved(reserved)))) == .malformed, "change \(index)")
        }
    }

    @Test func recallComesBack() throws {
        let reply = Reply(id: 0, .recall(.with { $0.units = [.with { ($0.grantID, $0.unit) = ("g-1", "tokens") }] }))
        #expect(try Reply(bytes: encode(reply)) == reply)
    }
}
