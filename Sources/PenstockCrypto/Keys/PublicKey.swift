internal import CSodium
internal import PenstockCore

/// An Ed25519 public key (RFC 8032 section 5.1.5): 32 bytes, canonical and of prime order.
package struct PublicKey: Hashable, Sendable {
    // 32 opaque bytes with a fast equality; not a hash here.
    private let storage: Digest

    package static let byteCount = 32

    /// Nil unless the bytes are a key that can be trusted to bind a signer: a canonical encoding (RFC 8032 section
    /// 5.1.3, step 1; or one key would have two texts) of a point of the prime-order subgroup (or signatures that
    /// nobody made could verify). Costs about as much as verifying a signature.
    package init?(_ bytes: some Collection<UInt8>) {
        guard let storage = Digest(bytes), crypto_core_ed25519_is_valid_point(storage.bytes) == 1 else { return nil }
        self.storage = storage
    }

    package var bytes: [UInt8] { storage.bytes }

    package var hex: String { storage.hex }
}

extension PublicKey: CustomStringConvertible {
    package var description: String { hex }
}
