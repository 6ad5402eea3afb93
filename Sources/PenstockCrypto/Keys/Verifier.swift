/// Verifies the signatures of one key; keeps OpenSSL's form of it, so make one per peer and keep it.
/// Safe from any number of threads at once: see `EVPKey`.
package final class Verifier: Sendable {
    package let publicKey: PublicKey
    private let key: EVPKey

    package init(_ publicKey: PublicKey) {
        self.publicKey = publicKey
        key = EVPKey(ed25519PublicKey: publicKey.bytes)
    }

    /// RFC 8032 section 5.1.7 without the cofactor. False for a signature of any length but 64, for S ≥ L (or the same
    /// signature would have a second form) and for a key that is no point of the curve.
    package func verify(signature: [UInt8], message: UnsafeRawBufferPointer) -> Bool {
        guard signature.count == EVPKey.signatureBytes else { return false }
        return key.verify(signature, message)
    }

    package func verify(signature: [UInt8], message: [UInt8]) -> Bool {
        message.withUnsafeBytes { verify(signature: signature, message: $0) }
    }
}
