package import PenstockCore

/// The hashes that a door or gateway needs, given by whoever holds the cryptography.
package struct Hashing: Sendable {
    /// SHA-256.
    package var hash: @Sendable ([UInt8]) -> Digest
    /// SHA-256 of a credential's text; nil when it is not well formed.
    package var credentialDigest: @Sendable (String) -> Digest?

    package init(
        hash: @escaping @Sendable ([UInt8]) -> Digest, credentialDigest: @escaping @Sendable (String) -> Digest?
    ) {
        self.hash = hash
        self.credentialDigest = credentialDigest
    }
}
