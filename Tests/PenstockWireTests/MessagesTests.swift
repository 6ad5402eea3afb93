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
        #expect(requestCode(encode(request) + [0xfa, 0x01, 0x00]) == .unknownKind)
        var reply = Reply(id: 1, .done(.init()))
        reply.kind = nil
        #expect(replyCode(encode(reply)) == .unknownKind)
    }

    @Test func bytesThatAreNoMessageAreMalformed() {
        #expect(requestCode([0xff]) == .malformed)
        #expect(replyCode([0x0a, 0x05]) == .malformed)
    }

    @Test(arguments: Refusal.Code.allCases) func refusalComesBack(code: Refusal.Code) {
        let refusal = Refusal(code, "why", retryAfterMS: 9)
        #expect(Refusal(refusal.proto) == refusal)
    }

    @Test func refusalOfAnUnknownCodeIsStillARefusal() {
        #expect(Refusal(.with { ($0.code, $0.message) = ("later_code", "why") }) == Refusal(.invalid, "why"))
    }

    @Test(arguments: [
        (WireError.Code.malformed, Refusal.Code.malformed), (.tooLarge, .malformed), (.unknownKind, .malformed), (.oldVersion, .oldVersion),
    ])
    func wireErrorIsRefusedByItsCode(code: WireError.Code, expected: Refusal.Code) {
        #expect(Refusal(WireError(code, "why")) == Refusal(expected, "why"))
    }
}
