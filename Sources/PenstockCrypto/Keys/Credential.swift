package import PenstockCore

/// A bearer credential, shown once: `pst_`, 43 characters of base64url for 32 random bytes, and 6 characters of
/// base64url for a big-endian CRC-32 over the 47 before them; 53 ASCII characters.
///
/// Only its digest is stored and replicated. The prefix lets scanners for leaked secrets find one, and the checksum
/// lets a mistyped one be refused without a look-up.
package struct Credential: Sendable {
    package static let byteCount = 53
    private static let randomBytes = 32

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
    ///
    /// Runs on every tool call: it allocates nothing.
    package static func digest(of text: UnsafeRawBufferPointer) -> Digest? {
        isWellFormed(text) ? SHA256.hash(text) : nil
    }

    package static func digest(of text: String) -> Digest? {
        var text = text
        return text.withUTF8 { digest(of: UnsafeRawBufferPointer($0)) }
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "pst_<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["digest": digest.hex]) }
}
