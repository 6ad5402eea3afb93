/// The check that every presented credential passes first. It is written on vectors of octets because it runs on every
/// tool call: with look-ups and branches it cost more than the hash that follows it.
extension Credential {
    /// The prefix and the random characters, which the checksum covers.
    private static let coveredBytes = 47

    static func isWellFormed(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == byteCount, text.loadUnaligned(as: UInt32.self) == UInt32(littleEndian: 0x5F74_7370) else {
            return false  // not 53 octets, or not "pst_"
        }
        // 43 characters in three overlapping vectors.
        let first = text.loadUnaligned(fromByteOffset: 4, as: SIMD16<UInt8>.self)
        let second = text.loadUnaligned(fromByteOffset: 20, as: SIMD16<UInt8>.self)
        let third = text.loadUnaligned(fromByteOffset: coveredBytes - 16, as: SIMD16<UInt8>.self)
        guard all(isInAlphabet(first) .& isInAlphabet(second) .& isInAlphabet(third)),
            endsOnWholeByte(text[coveredBytes - 1])
        else { return false }
        let checksum = CRC32.checksum(UnsafeRawBufferPointer(rebasing: text[..<coveredBytes]))
        // Comparing characters, not values, also refuses those outside the alphabet and a second spelling. The two
        // octets before the checksum fill the vector; they were looked at above.
        var presented = text.loadUnaligned(fromByteOffset: byteCount - 8, as: SIMD8<UInt8>.self)
        let expected = characters(of: checksum)
        presented[0] = expected[0]
        presented[1] = expected[1]
        return presented == expected
    }

    @inline(__always)
    private static func isInAlphabet(_ octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        let letter = (octets | 0x20) &- UInt8(ascii: "a") .< 26
        let digit = octets &- UInt8(ascii: "0") .< 10
        let sign = (octets .== UInt8(ascii: "-")) .| (octets .== UInt8(ascii: "_"))
        return letter .| digit .| sign
    }

    /// The six base64url characters of a checksum in the last places; the first two places mean nothing.
    @inline(__always)
    private static func characters(of checksum: UInt32) -> SIMD8<UInt8> {
        // Five characters of six bits and a sixth whose low four bits are zero.
        let bits = SIMD8<UInt64>(repeating: UInt64(checksum) << 4) &>> [0, 0, 30, 24, 18, 12, 6, 0]
        let values = SIMD8<UInt8>(truncatingIfNeeded: bits) & 63
        // Each step moves on where the next run of the alphabet starts: A-Z, a-z, 0-9, "-", "_".
        var characters = values &+ UInt8(ascii: "A")
        characters.replace(with: values &+ (UInt8(ascii: "a") - 26), where: values .>= 26)
        characters.replace(with: values &- (52 - UInt8(ascii: "0")), where: values .>= 52)
        characters.replace(with: UInt8(ascii: "-"), where: values .== 62)
        characters.replace(with: UInt8(ascii: "_"), where: values .== 63)
        return characters
    }

    /// 43 characters carry two bits more than 32 bytes, and those are zero: these 16 characters may come last.
    private static func endsOnWholeByte(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "A"), UInt8(ascii: "E"), UInt8(ascii: "I"), UInt8(ascii: "M"), UInt8(ascii: "Q"),
            UInt8(ascii: "U"), UInt8(ascii: "Y"), UInt8(ascii: "c"), UInt8(ascii: "g"), UInt8(ascii: "k"),
            UInt8(ascii: "o"), UInt8(ascii: "s"), UInt8(ascii: "w"), UInt8(ascii: "0"), UInt8(ascii: "4"),
            UInt8(ascii: "8"):
            true
        default: false
        }
    }
}
