internal import CSodium

/// Verifies the signatures of one key. Safe from any number of threads at once.
package struct Verifier: Sendable {
    package static let signatureBytes = 64

    package let publicKey: PublicKey

    package init(_ publicKey: PublicKey) {
        self.publicKey = publicKey
    }

    /// RFC 8032 section 5.1.7 without the cofactor. False for a signature of any length but 64 and for S ≥ L (or the
    /// same signature would have a second form).
    package func verify(signature: [UInt8], message: UnsafeRawBufferPointer) -> Bool {
        guard signature.count == Self.signatureBytes else { return false }
        let bytes = message.assumingMemoryBound(to: UInt8.self)
        return crypto_sign_verify_detached(signature, bytes.baseAddress, UInt64(bytes.count), publicKey.bytes) == 0
    }

    package func verify(signature: [UInt8], message: [UInt8]) -> Bool {
        message.withUnsafeBytes { verify(signature: signature, message: $0) }
    }
}
