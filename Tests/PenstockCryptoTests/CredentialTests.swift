internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct CredentialTests {
    /// 32 zero bytes; the checksum and the digest below by Python's `zlib` and `hashlib`.
    private static let known = "pst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAYV_amQ"

    @Test func generatedIsAccepted() throws {
        for _ in 0..<200 {
            let credential = Credential.generate()
            #expect(credential.reveal.utf8.count == Credential.byteCount)
            #expect(credential.reveal.hasPrefix("pst_"))
            #expect(credential.digest == SHA256.hash(credential.reveal))
            #expect(Credential.digest(of: credential.reveal) == credential.digest)
        }
        #expect(Credential.generate().reveal != Credential.generate().reveal)
    }

    @Test func knownTextHasKnownDigest() {
        #expect(
            Credential.digest(of: Self.known)?.hex == "69fca454d5066d88075053adcdc409573e88de6166256a43e611f26a597bf24b"
        )
    }

    /// Every other octet in every place: a CRC-32 notices any change within 32 bits, and the rest is alphabet.
    @Test func anyOneOctetChangedIsRefused() {
        let text = Array(Credential.generate().reveal.utf8)
        for place in text.indices {
            for octet in UInt8.min...UInt8.max where octet != text[place] {
                var changed = text
                changed[place] = octet
                #expect(changed.withUnsafeBytes { Credential.digest(of: $0) } == nil)
            }
        }
    }

    @Test func wrongLengthOrPrefixIsRefused() {
        let text = Credential.generate().reveal
        #expect(Credential.digest(of: "") == nil)
        #expect(Credential.digest(of: String(text.dropLast())) == nil)
        #expect(Credential.digest(of: text + "A") == nil)
        #expect(Credential.digest(of: "Bearer " + text) == nil)
        #expect(Credential.digest(of: text.uppercased()) == nil)
    }

    /// Right checksums over texts that are no base64url of 32 bytes.
    @Test func aRightChecksumDoesNotExcuseTheRest() {
        let zeros = String(repeating: "A", count: 42)
        for body in ["pst_\(zeros)A", "pst_\(zeros)B", "pst_\(zeros)+", "pst_\(zeros.dropLast())/A", "abc_\(zeros)A"] {
            let checksum = Array(body.utf8).withUnsafeBytes { CRC32.checksum($0) }
            let text = body + Base64URL.encode(withUnsafeBytes(of: checksum.bigEndian) { Array($0) })
            #expect((Credential.digest(of: text) != nil) == (body == "pst_\(zeros)A"))
        }
    }

    @Test func printingRedacts() {
        let credential = Credential.generate()
        let secret = credential.reveal.dropFirst(4).prefix(8)
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), "\([credential])", dumped] {
            #expect(!text.contains(secret))
        }
    }
}
