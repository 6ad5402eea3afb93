internal import CSodium

/// An Ed25519 private key (RFC 8032). Signing is deterministic, and safe from any number of threads at once.
///
/// It prints as its public key: the seed is reached only by ``seed`` and ``encodeFile()``.
///
/// `@unchecked Sendable` because the secret is written in `init` alone. libsodium is used rather than OpenSSL 3.0
/// because its Ed25519 takes half the time.
package final class SigningKey: @unchecked Sendable {
    package static let seedBytes = 32

    /// The seed and the public key, in memory that is kept off swap and core dumps and is cleared when freed
    /// (sodium_malloc).
    private let secret: UnsafeMutablePointer<UInt8>
    package let publicKey: PublicKey

    package static func generate() -> SigningKey {
        guard let key = try? SigningKey(seed: SecureRandom.bytes(seedBytes)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }

    /// - Throws: ``KeyError/seedLength(_:)`` unless there are exactly 32 bytes.
    package init(seed: [UInt8]) throws(KeyError) {
        guard seed.count == Self.seedBytes else { throw .seedLength(seed.count) }
        // Safe to call again and from any thread; without it sodium_malloc does not know the page size.
        precondition(sodium_init() >= 0, "libsodium cannot start: no source of randomness")
        guard let memory = sodium_malloc(Int(crypto_sign_SECRETKEYBYTES)) else { preconditionFailure("out of memory") }
        secret = memory.assumingMemoryBound(to: UInt8.self)
        var point = [UInt8](repeating: 0, count: PublicKey.byteCount)
        crypto_sign_seed_keypair(&point, secret, seed)
        guard let publicKey = PublicKey(point) else {
            preconditionFailure("a clamped scalar times the base point is of prime order")
        }
        self.publicKey = publicKey
    }

    deinit {
        sodium_free(secret)
    }

    /// The secret 32 bytes from which everything else follows.
    package var seed: [UInt8] { Array(UnsafeBufferPointer(start: secret, count: Self.seedBytes)) }

    /// - Returns: 64 bytes.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: Verifier.signatureBytes)
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), secret)
        return signature
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

extension KeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .seedLength(let count): "a signing key has \(SigningKey.seedBytes) bytes, not \(count)"
        case .fileMalformed: "a signing key is one line of base 64"
        }
    }
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
