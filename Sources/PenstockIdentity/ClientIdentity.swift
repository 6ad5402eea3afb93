package import PenstockCore
package import PenstockCrypto

/// Whose certificates a door believes.
package struct ClientTrust: Sendable {
    /// Roots of certificates that are no SVIDs.
    package var roots: [Certificate]?
    package var bundles: TrustBundles

    package init(roots: [Certificate]? = nil, bundles: TrustBundles = TrustBundles()) {
        self.roots = roots
        self.bundles = bundles
    }
}

/// What a client's certificate proves, for as long as it is valid. The channel has proven its key.
package struct ClientIdentity: Hashable, Sendable {
    package var certificate: Digest
    package var workload: String
    /// When any certificate of its chain is valid no more.
    package var expiresAt: WallTime
}

extension ClientIdentity {
    /// Looks at a chain as a client has shown it, its own certificate first.
    ///
    /// With bundles, a certificate has to be an SVID of one of them; with roots, it has to lead to one of these, or be
    /// an SVID where there are both. With neither any certificate is taken: it proves its own key and no name, as one
    /// that its client has signed itself does (RFC 8705 section 2.2).
    ///
    /// - Throws: why it is not believed.
    package init(_ chain: [Certificate], trust: ClientTrust, at time: WallTime) throws(IdentityError) {
        guard let leaf = chain.first, chain.count <= IdentityLimits.chainLength else {
            throw IdentityError(.untrusted, "a chain has 1 to \(IdentityLimits.chainLength) certificates")
        }
        self.init(
            certificate: leaf.thumbprint, workload: "",
            expiresAt: chain.reduce(leaf.expiresAt) { min($0, $1.expiresAt) })
        let mayBeSVID = !trust.bundles.roots.isEmpty
        if mayBeSVID, trust.roots == nil || leaf.onlyURI(atMost: SPIFFEID.maximumBytes)?.hasPrefix("spiffe:") == true {
            workload = try X509SVID.workload(chain, bundles: trust.bundles, at: time).description
        } else if let roots = trust.roots {
            try Certificate.verify(chain, roots: roots, at: time)
        } else if time >= expiresAt {
            throw IdentityError(.untrusted, "certificate has expired")
        }
    }
}
