internal import PenstockCrypto
internal import Testing

@Suite struct NoteKeyTests {
    /// Keys of other implementations: the specification's example, golang.org/x/mod's two, a public witness. The base
    /// 64 of one has a plus sign of its own.
    @Test(arguments: [
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ])
    func foreignKeysRoundTrip(vkey: String) throws {
        #expect(try NoteKey(vkey: vkey).vkey == vkey)
    }

    @Test func partsOfAKey() throws {
        let key = try NoteKey(vkey: "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
        #expect(key.name == "remora.n621.de")
        #expect(key.kind == .cosigner)
        #expect(key.id == 0xda77_ade7)
    }

    @Test(arguments: [
        ("", NoteKeyError.malformed),
        ("example.com/foo+530d903a", .malformed),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l=", .malformed),
        ("example.com/foo+530d903a+", .malformed),
        ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .wrongID),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .wrongID),
        ("example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .wrongID),
        ("example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .invalidName),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .invalidName),
        ("example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", .unsupportedKind(2)),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv", .invalidPublicKey),
    ])
    func malformedIsRefused(vkey: String, error: NoteKeyError) {
        #expect(throws: error) { try NoteKey(vkey: vkey) }
    }

    @Test(arguments: ["", "a b", "a+b", "a\u{A0}b", "a\u{2003}b", "a\nb", "a\u{1}b"])
    func namesWithoutAWrittenFormAreRefused(name: String) {
        #expect(throws: NoteKeyError.invalidName) {
            try NoteKey(name: name, kind: .log, publicKey: SigningKey.generate().publicKey)
        }
    }

    @Test func kindIsPartOfTheID() throws {
        let publicKey = SigningKey.generate().publicKey
        let log = try NoteKey(name: "k", kind: .log, publicKey: publicKey)
        let cosigner = try NoteKey(name: "k", kind: .cosigner, publicKey: publicKey)
        #expect(log.id != cosigner.id)
    }
}
