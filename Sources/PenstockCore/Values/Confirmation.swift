/// The key that whoever uses a grant must prove to hold, besides its credential (RFC 7800).
public enum Confirmation: Hashable, Sendable {
    /// The key that signs DPoP proofs, by the SHA-256 thumbprint of its JWK (RFC 7638): `jkt` of RFC 9449.
    case key(Digest)
    /// The client's certificate, by the SHA-256 of its DER form: `x5t#S256` of RFC 8705.
    case certificate(Digest)

    public var thumbprint: Digest {
        switch self {
        case .key(let digest), .certificate(let digest): digest
        }
    }
}

/// What a caller has proven at a door. A door proves each part itself, before the call reaches a decision; what it has
/// not proven is absent.
public struct Presented: Hashable, Sendable {
    /// SHA-256 of the credential's text; `Digest.zero` when it was not even well formed.
    public var credential: Digest
    /// Thumbprint (RFC 7638) of the key that has signed a fresh DPoP proof for this request.
    public var key: Digest?
    /// SHA-256 of the DER form of the client's certificate, whose key the channel has proven.
    public var certificate: Digest?
    /// SPIFFE id that an SVID of its own trust domain has proven, or empty.
    public var workload: String

    public init(_ credential: Digest, key: Digest? = nil, certificate: Digest? = nil, workload: String = "") {
        self.credential = credential
        self.key = key
        self.certificate = certificate
        self.workload = workload
    }

    /// Whether the key that a grant is bound to was proven.
    @inline(__always)
    package func confirms(_ confirmation: Confirmation?) -> Bool {
        switch confirmation {
        case nil: true
        case .key(let digest): key == digest
        case .certificate(let digest): certificate == digest
        }
    }
}
