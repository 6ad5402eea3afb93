internal import PenstockCore
internal import PenstockWire
internal import Testing

@Suite struct SignedBytesTests {
    private let signed = SignedBytes(
        body: Sample.body(Sample.kind(.restricted)), signature: [UInt8](repeating: 7, count: 64))

    private func code(_ entry: [UInt8]) -> WireError.Code? {
        wireError { () throws(WireError) in _ = try SignedBytes(entry: entry) }
    }

    @Test func bodyAndSignatureComeBackAsTheyWere() throws {
        #expect(try SignedBytes(entry: signed.entry) == signed)
    }

    /// Bytes that this version would encode otherwise are kept: the id is their hash.
    @Test func bodyIsNotReencoded() throws {
        let foreign = signed.body + [0xf8, 0x7f, 0x01]
        let entry = SignedBytes(body: foreign, signature: signed.signature).entry
        #expect(try SignedBytes(entry: entry).body == foreign)
    }

    @Test func signedMessageIsTheBodyBehindItsPrefix() {
        #expect(SignedBytes.signedMessage(body: [1, 2]) == Array("penstock event v1\n".utf8) + [1, 2])
    }

    @Test func entryOfTheGreatestSizeIsTakenAndOneByteMoreIsNot() throws {
        let overhead =
            SignedBytes(body: [UInt8](repeating: 1, count: 60_000), signature: signed.signature).entry.count - 60_000
        let most = SignedBytes(
            body: [UInt8](repeating: 1, count: Limits.eventBytes - overhead), signature: signed.signature
        ).entry
        #expect(most.count == Limits.eventBytes)
        #expect(code(most) == nil)
        let more = SignedBytes(
            body: [UInt8](repeating: 1, count: Limits.eventBytes - overhead + 1), signature: signed.signature
        ).entry
        #expect(code(more) == .tooLarge)
    }

    @Test(arguments: [0, 63, 65]) func signatureOfAnotherLengthIsRefused(count: Int) {
        #expect(
            code(SignedBytes(body: signed.body, signature: [UInt8](repeating: 7, count: count)).entry) == .malformed)
    }

    @Test func missingBodyIsRefused() {
        #expect(code(SignedBytes(body: [], signature: signed.signature).entry) == .malformed)
    }

    @Test func truncatedAnywhereIsRefused() {
        let entry = signed.entry
        for count in entry.indices { #expect(code(Array(entry[..<count])) == .malformed, "at \(count)") }
    }
}
