package import PenstockCore

/// A bearer credential, shown once: `pst_`, 43 characters of base64url for 32 random bytes, and 6 characters of
/// base64url for a big-endian CRC-32 over the 47 before them; 53 ASCII characters.
///
/// Only its digest is stored and replicated. The prefix lets scanners for leaked secrets find one, and the checksum
/// lets a mistyped one be refused without a look-up.
package struct Credential: Sendable {
    package static let byteCount = 53
    private static let prefix = Array("pst_".utf8)
    private static let randomBytes = 32
    /// The prefix and the random characters, which the checksum covers.
    private static let coveredBytes = 47

    /// The secret text itself. To be written once, to the party that will hold it.
    package let reveal: String
    package let digest: Digest

    package static func generate() -> Credential {
        var text = prefix + Base64URL.alphabet.encode(SecureRandom.bytes(randomBytes))
        let checksum = text.withUnsafeBytes { CRC32.checksum($0) }
        text += withUnsafeBytes(of: checksum.bigEndian) { Base64URL.alphabet.encode($0) }
        return Credential(reveal: String(decoding: text, as: UTF8.self), digest: SHA256.hash(text))
    }

    /// The SHA-256 of the whole text, under which a presented credential is looked up. Nil unless length, prefix,
    /// alphabet and checksum fit.
    ///
    /// Runs on every tool call: it allocates nothing.
    package static func digest(of text: UnsafeRawBufferPointer) -> Digest? {
        isWellFormed(text) ? SHA256.hash(text) : nil
    }

    package static func digest(of text: String) -> Digest? {
        var text = text
        return text.withUTF8 { digest(of: UnsafeRawBufferPointer($0)) }
    }

    private static func isWellFormed(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == byteCount, text.loadUnaligned(as: UInt32.self) == prefixWord else { return false }
        var invalid: UInt8 = 0
        for offset in 4..<coveredBytes { invalid |= outsideAlphabet(text[offset]) }
        guard invalid == 0, endsOnWholeByte(text[coveredBytes - 1]) else { return false }
        let checksum = CRC32.checksum(UnsafeRawBufferPointer(rebasing: text[..<coveredBytes]))
        // 32 bits are five characters of six and a sixth whose low four bits are zero. Comparing characters also
        // refuses those outside the alphabet and a second spelling of the same checksum.
        let bits = UInt64(checksum) << 4
        var difference: UInt8 = 0
        for place in 0..<6 {
            let value = UInt32(truncatingIfNeeded: bits >> UInt64(30 - 6 * place))
            difference |= text[coveredBytes + place] ^ Base64URL.alphabet.character(value)
        }
        return difference == 0
    }

    private static let prefixWord = prefix.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }

    /// Zero for a base64url character. Without branches or look-ups, so that the compiler checks 16 at a time.
    @inline(__always)
    private static func outsideAlphabet(_ byte: UInt8) -> UInt8 {
        let letter = (byte | 0x20) &- UInt8(ascii: "a") < 26
        let digit = byte &- UInt8(ascii: "0") < 10
        let sign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        return letter || digit || sign ? 0 : 1
    }

    /// 43 characters carry two bits more than 32 bytes, and those are zero: 16 characters may come last.
    private static func endsOnWholeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A"), UInt8(ascii: "E"), UInt8(ascii: "I"), UInt8(ascii: "M"), UInt8(ascii: "Q"),
            UInt8(ascii: "U"), UInt8(ascii: "Y"), UInt8(ascii: "c"), UInt8(ascii: "g"), UInt8(ascii: "k"),
            UInt8(ascii: "o"), UInt8(ascii: "s"), UInt8(ascii: "w"), UInt8(ascii: "0"), UInt8(ascii: "4"),
            UInt8(ascii: "8"):
            true
        default: false
        }
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "pst_<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["digest": digest.hex]) }
}
