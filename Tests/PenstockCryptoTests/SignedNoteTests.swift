internal import PenstockCrypto
internal import Testing

@Suite struct SignedNoteTests {
    /// The example of C2SP signed-note.
    private static let example = """
        This is an example message.

        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """
    private static let exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    /// golang.org/x/mod's sumdb/note: two signatures under one text.
    private static let golang = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
        — EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=

        """

    @Test func specificationExampleVerifies() throws {
        let note = try SignedNote(parsing: Self.example)
        let key = try NoteKey(vkey: Self.exampleKey)
        #expect(note.text == "This is an example message.\n")
        #expect(note.encoded == Self.example)
        #expect(key.verdict(on: note.signatures[0], text: note.text) == .signed)
        #expect(key.verdict(on: note.signatures[0], text: "This is an example massage.\n") == .forged)
    }

    @Test func eachKeyKnowsItsOwnSignature() throws {
        let note = try SignedNote(parsing: Self.golang)
        let peter = try NoteKey(vkey: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        let enoch = try NoteKey(vkey: "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
        #expect(note.encoded == Self.golang)
        #expect(note.signatures.map { peter.verdict(on: $0, text: note.text) } == [.signed, .foreign])
        #expect(note.signatures.map { enoch.verdict(on: $0, text: note.text) } == [.foreign, .signed])
    }

    /// Ed25519 is deterministic, so Go's signing key gives Go's signature.
    @Test func signsAsOtherImplementationsDo() throws {
        let secret = try #require(Base64.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"))
        let key = try SigningKey(seed: Array(secret.dropFirst()))
        let note = try SignedNote(parsing: Self.golang)
        #expect(key.sign(Array(note.text.utf8)) == note.signatures[0].blob)
    }

    @Test func textMayHaveEmptyLines() throws {
        let line = try SignedNote(parsing: Self.example).signatures[0].line
        let note = try SignedNote(parsing: "a\n\nb\n\n" + line)
        #expect(note.text == "a\n\nb\n")
        #expect(note.signatures.count == 1)
    }

    @Test func manySignaturesAreAccepted() throws {
        let line = try SignedNote(parsing: Self.example).signatures[0].line
        func note(_ count: Int) -> String { "text\n\n" + String(repeating: line, count: count) }
        #expect(try SignedNote(parsing: note(16)).signatures.count == 16)
        #expect(try SignedNote(parsing: note(SignedNote.maximumSignatures)).encoded == note(1024))
        #expect(throws: NoteError.tooManySignatures) { try SignedNote(parsing: note(1025)) }
    }

    @Test func addingTwiceAddsOnce() throws {
        var note = try SignedNote(parsing: Self.golang)
        note.add(note.signatures[1])
        #expect(note.encoded == Self.golang)
    }

    @Test(arguments: [
        ("", NoteError.noBlankLine),
        ("text\n", .noBlankLine),
        ("text\n\n", .noSignatures),
        ("text\n\n— name AAAAAAA=", .noFinalNewline),
        ("text\n\n- name AAAAAAA=\n", .malformedSignature(number: 1)),
        ("text\n\n— name AAAAAAA=\n— name\n", .malformedSignature(number: 2)),
        ("text\n\n— name AAAAAA==\n", .malformedSignature(number: 1)),
        ("text\n\n— name AAAAAAB=\n", .malformedSignature(number: 1)),
        ("text\n\n— na+me AAAAAAA=\n", .malformedSignature(number: 1)),
        ("text\n\n—  AAAAAAA=\n", .malformedSignature(number: 1)),
        ("text\n\n— name AAAAAAA= \n", .malformedSignature(number: 1)),
        ("te\txt\n\n— name AAAAAAA=\n", .controlCharacter),
        ("text\r\n\r\n— name AAAAAAA=\r\n", .controlCharacter),
    ])
    func malformedIsRefused(text: String, error: NoteError) {
        #expect(throws: error) { try SignedNote(parsing: text) }
    }

    @Test func badUTF8AndTooManyBytesAreRefused() {
        #expect(throws: NoteError.notUTF8) {
            try SignedNote(parsing: [0xC3, 0x28] + Array("\n\n— name AAAAAAA=\n".utf8))
        }
        #expect(throws: NoteError.tooLong) {
            try SignedNote(parsing: [UInt8](repeating: 65, count: SignedNote.maximumBytes + 1))
        }
    }
}
