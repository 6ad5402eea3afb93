package import PenstockCore

/// A bearer credential, shown once: `pst_`, 43 characters of base64url for 32 random bytes, and 6 characters of
/// base64url for a big-endian CRC-32 over the 47 before them; 53 ASCII characters.
///
/// Only its digest is stored and replicated. The prefix lets scanners for leaked secrets find one, and the checksum
/// lets a mistyped one be refused without a look-up.
package struct Credential: Sendable {
    package static let byteCount = 53
    private static let randomBytes = 32
    /// The prefix and the random characters, which the checksum covers.
    private static let coveredBytes = 47

    /// The secret text itself. To be written once, to the party that will hold it.
    package let reveal: String
    package let digest: Digest

    package static func generate() -> Credential {
        var text = Array("pst_".utf8) + Base64URL.alphabet.encode(SecureRandom.bytes(randomBytes))
        let checksum = text.withUnsafeBytes { CRC32.checksum($0) }
        text += withUnsafeBytes(of: checksum.bigEndian) { Base64URL.alphabet.encode($0) }
        return Credential(reveal: String(decoding: text, as: UTF8.self), digest: SHA256.hash(text))
    }

    /// The SHA-256 of the whole text, under which a presented credential is looked up. Nil unless length, prefix,
    /// alphabet and checksum fit.
    package static func digest(of text: UnsafeRawBufferPointer) -> Digest? {
        isWellFormed(text) ? SHA256.hash(text) : nil
    }

    /// As above without a look at more than the length: for a look-up in memory, which finds no grant for any other
    /// text and costs less than the checksum. It allocates nothing.
    @inline(__always)
    package static func digest(unchecked text: UnsafeRawBufferPointer) -> Digest? {
        text.count == byteCount ? SHA256.hash(text) : nil
    }

    package static func digest(of text: String) -> Digest? {
        var text = text
        return text.withUTF8 { digest(of: UnsafeRawBufferPointer($0)) }
    }

    private static func isWellFormed(_ text: UnsafeRawBufferPointer) -> Bool {
        // The prefix is "pst_", read as one word.
        guard text.count == byteCount, text.loadUnaligned(as: UInt32.self) == UInt32(littleEndian: 0x5F74_7370) else {
            return false
        }
        let expected = CRC32.checksum(UnsafeRawBufferPointer(rebasing: text[..<coveredBytes]))
        return Base64URL.alphabet.withValues { value in
            // No early exit: characters outside the alphabet leave their high bit in the sum, looked at once.
            var seen: UInt8 = 0
            for place in 4..<coveredBytes { seen |= value[Int(text[place])] }
            var checksum: UInt64 = 0
            for place in coveredBytes..<byteCount {
                let bits = value[Int(text[place])]
                seen |= bits
                checksum = checksum << 6 | UInt64(bits)
            }
            // 43 characters carry two bits more than 32 bytes and six carry four more than 32 bits: all zero, or a
            // credential would have a second spelling.
            let spare = value[Int(text[coveredBytes - 1])] & 3
            return seen < 64 && spare == 0 && checksum == UInt64(expected) << 4
        }
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "pst_<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["digest": digest.hex]) }
}
