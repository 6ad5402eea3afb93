/// An Ed25519 private key (RFC 8032). Signing is deterministic, and safe from any number of threads at once.
///
/// It prints as its public key: the seed is reached only by ``seed`` and ``encodeFile()``.
package final class SigningKey: Sendable {
    package static let seedBytes = 32

    private let key: EVPKey
    package let publicKey: PublicKey

    package static func generate() -> SigningKey {
        guard let key = try? SigningKey(seed: SecureRandom.bytes(seedBytes)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }

    /// - Throws: ``KeyError/seedLength(_:)`` unless there are exactly 32 bytes.
    package init(seed: [UInt8]) throws(KeyError) {
        guard let key = EVPKey(ed25519Seed: seed) else { throw .seedLength(seed.count) }
        guard let publicKey = PublicKey(key.rawPublicKey()) else {
            preconditionFailure("a clamped scalar times the base point is never of small order")
        }
        self.key = key
        self.publicKey = publicKey
    }

    /// The secret 32 bytes from which everything else follows.
    package var seed: [UInt8] { key.rawPrivateKey() }

    /// - Returns: 64 bytes.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        key.sign(message)
    }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "SigningKey(\(publicKey), seed redacted)" }

    package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey.hex]) }
}

/// Why bytes or a file are not a key.
package enum KeyError: Error, Equatable {
    /// A seed has 32 bytes, not this many.
    case seedLength(Int)
    /// The file is not one line of strict base 64.
    case fileMalformed
}

extension SigningKey {
    /// The key file: base 64 of the seed on one line, 45 bytes with its newline. It is a secret: store it with mode
    /// 0600.
    package func encodeFile() -> String {
        Base64.encode(seed) + "\n"
    }

    /// Reads what ``encodeFile()`` wrote; the last newline may be missing, as editors leave it.
    package static func decodeFile(_ text: String) throws(KeyError) -> SigningKey {
        var line = Array(text.utf8)
        if line.last == Octet.newline { line.removeLast() }
        guard let seed = Base64.decode(line) else { throw .fileMalformed }
        return try SigningKey(seed: seed)
    }
}
