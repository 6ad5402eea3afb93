internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4 examples, as published in NIST's example values.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func vectors(text: String, hex: String) {
        #expect(SHA256.hash(text).hex == hex)
        #expect(SHA256.hash(Array(text.utf8)).hex == hex)
        #expect(SHA256.hash(Array(text.utf8).span.bytes).hex == hex)
    }

    @Test func prefixedEqualsConcatenated() {
        let a = SHA256.hash("a")
        let b = SHA256.hash("b")
        #expect(SHA256.hash(prefix: 7, a, b) == SHA256.hash([7] + a.bytes + b.bytes))
        let one = [UInt8](1...53).withUnsafeBytes { SHA256.hash(prefix: 0, $0) }
        #expect(one == SHA256.hash([0] + [UInt8](1...53)))
    }

    @Test func piecesEqualWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for step in [1, 3, 63, 64, 65, 999] {
            var hasher = SHA256.Hasher()
            for start in stride(from: 0, to: bytes.count, by: step) {
                hasher.update(Array(bytes[start..<min(start + step, bytes.count)]))
            }
            #expect(hasher.finalize() == SHA256.hash(bytes))
        }
    }

    @Test func finalizingLeavesTheHasherUsable() {
        var hasher = SHA256.Hasher()
        hasher.update(Array("ab".utf8))
        let half = hasher.finalize()
        var copy = hasher
        copy.update(Array("x".utf8))
        hasher.update(Array("c".utf8))
        #expect(half == SHA256.hash("ab"))
        #expect(hasher.finalize() == SHA256.hash("abc"))
        #expect(copy.finalize() == SHA256.hash("abx"))
    }
}

@Suite struct CRC32Tests {
    /// The check value of the CRC catalogue, and zlib's of two longer texts.
    @Test(arguments: [
        ("", UInt32(0)), ("123456789", 0xCBF4_3926), ("a", 0xE8B7_BE43),
        ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
    ])
    func vectors(text: String, checksum: UInt32) {
        #expect(Array(text.utf8).withUnsafeBytes { CRC32.checksum($0) } == checksum)
    }
}

@Suite struct SecureRandomTests {
    @Test func lengthsAndDifference() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(33).count == 33)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(Set((0..<100).map { _ in SecureRandom.uint64() }).count == 100)
    }
}

@Suite struct ConstantTimeTests {
    @Test func equality() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
        #expect(!ConstantTime.equal([], [0]))
    }
}

@Suite struct Base64Tests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectors(plain: String, encoded: String) {
        let unpadded = String(encoded.prefix { $0 != "=" })
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64URL.encode(plain.utf8) == unpadded)
        #expect(Base64URL.decode(unpadded) == Array(plain.utf8))
    }

    @Test func alphabetsDifferInTwoCharacters() {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64.decode("-_8=") == nil)
        #expect(Base64URL.decode("+/8") == nil)
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=", "Zm9vZ", "Zm9 ", "Zm9v\n", "Zg==Zg==", "Zh==", "Zm9=",
        "Zm8=\n", "Z\u{142}==",
    ])
    func refusesWhatItWouldNotWrite(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm9v Zg", "Zm9vZ"])
    func urlFormRefusesWhatItWouldNotWrite(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func roundTrips() {
        for count in 0...100 {
            let bytes = SecureRandom.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
