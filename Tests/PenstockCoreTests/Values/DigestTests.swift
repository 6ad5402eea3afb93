internal import PenstockCore
internal import Testing

@Suite struct DigestTests {
    @Test func bytesGoInAndComeOutInOrder() throws {
        let bytes = (0..<32).map { UInt8($0) }
        let digest = try #require(Digest(bytes))
        #expect(digest.bytes == bytes)
        #expect(digest.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Digest(hex: digest.hex) == digest)
    }

    @Test(arguments: [0, 31, 33]) func otherLengthsAreNoDigest(count: Int) {
        #expect(Digest([UInt8](repeating: 1, count: count)) == nil)
    }

    @Test(arguments: 0..<32) func differenceInAnyByteIsADifference(at index: Int) throws {
        var bytes = [UInt8](repeating: 9, count: 32)
        let digest = try #require(Digest(bytes))
        bytes[index] ^= 1
        #expect(Digest(bytes) != digest)
    }

    @Test(arguments: ["0", "0g", "AB", "é0"]) func textThatIsNotLowerCaseHexIsRefused(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}

@Suite struct IncarnationTests {
    @Test func bytesGoInAndComeOutInOrder() throws {
        let bytes = (1...16).map { UInt8($0) }
        let incarnation = try #require(Incarnation(bytes))
        #expect(incarnation.bytes == bytes)
        #expect(incarnation.high == 0x0102_0304_0506_0708)
        #expect(Incarnation(bytes.dropLast()) == nil)
        #expect(Incarnation(bytes + [0]) == nil)
    }

    @Test func orderIsThatOfTheBytes() {
        #expect(Incarnation(high: 1, low: 9) < Incarnation(high: 2, low: 0))
        #expect(Incarnation(high: 1, low: 1) < Incarnation(high: 1, low: 2))
    }
}
