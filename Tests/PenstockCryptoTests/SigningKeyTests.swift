internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct SigningKeyTests {
    struct Vector: Sendable {
        let seed, publicKey, message, signature: String
    }

    /// RFC 8032 section 7.1, tests 1 to 3.
    static let vectors = [
        Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
            signature:
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"),
        Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
            signature:
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"),
        Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
            signature:
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"),
    ]

    @Test(arguments: vectors)
    func vector(_ vector: Vector) throws {
        let key = try SigningKey(seed: #require(Hex.decode(vector.seed)))
        let message = try #require(Hex.decode(vector.message))
        #expect(key.publicKey.hex == vector.publicKey)
        #expect(Hex.encode(key.sign(message)) == vector.signature)
        #expect(Hex.encode(key.seed) == vector.seed)
        #expect(try Verifier(key.publicKey).verify(signature: #require(Hex.decode(vector.signature)), message: message))
    }

    @Test(arguments: [0, 31, 33, 64])
    func seedOfOtherLengthIsRefused(count: Int) {
        #expect(throws: KeyError.seedLength(count)) { try SigningKey(seed: [UInt8](repeating: 1, count: count)) }
    }

    @Test func generatedKeysDiffer() {
        #expect(SigningKey.generate().publicKey != SigningKey.generate().publicKey)
    }

    @Test func printingHidesTheSeed() {
        let key = SigningKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains(Hex.encode(key.seed)))
            #expect(!text.contains(Base64.encode(key.seed)))
            #expect(text.contains(key.publicKey.hex))
        }
    }

    @Test func fileRoundTrips() throws {
        let key = SigningKey.generate()
        let file = key.encodeFile()
        #expect(file.utf8.count == 45)
        #expect(try SigningKey.decodeFile(file).seed == key.seed)
        #expect(try SigningKey.decodeFile(String(file.dropLast())).seed == key.seed)
    }

    @Test func malformedFilesAreRefused() {
        let file = SigningKey.generate().encodeFile()
        for text in [file + "\n", " " + file, file + file, "-----BEGIN PRIVATE KEY-----\n"] {
            #expect(throws: KeyError.fileMalformed) { try SigningKey.decodeFile(text) }
        }
        #expect(throws: KeyError.seedLength(0)) { try SigningKey.decodeFile("") }
        #expect(throws: KeyError.seedLength(3)) { try SigningKey.decodeFile("AAAA\n") }
    }
}
