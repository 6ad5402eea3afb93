package import PenstockCore
package import PenstockCrypto

/// The roots of trust domains: a certificate of a domain is held against that domain's roots alone.
package struct TrustBundles: Sendable {
    package var roots: [String: [Certificate]]

    package init(_ roots: [String: [Certificate]] = [:]) { self.roots = roots }
}

/// An X.509-SVID: a workload's certificate (X509-SVID, sections 2 to 5).
package enum X509SVID {
    /// Returns the workload that a chain proves, its own certificate first.
    ///
    /// - Throws: unless the certificate has exactly one URI name, that is a SPIFFE ID with a path, of a trust domain
    ///   whose roots are known here and that the chain leads to; and unless it is a leaf's, good for signatures and not
    ///   for certificates.
    package static func workload(
        _ chain: [Certificate], bundles: TrustBundles, at time: WallTime
    ) throws(IdentityError) -> SPIFFEID {
        guard let leaf = chain.first else { throw IdentityError(.malformed, "no certificate") }
        guard let uri = leaf.onlyURI(atMost: SPIFFEID.maximumBytes) else {
            throw IdentityError(.unfit, "an SVID has exactly one name of the kind URI")
        }
        guard let id = SPIFFEID(uri) else { throw IdentityError(.unfit, "its name is no SPIFFE ID") }
        guard !id.path.isEmpty else { throw IdentityError(.unfit, "a workload's SPIFFE ID has a path") }
        guard !leaf.isAuthority else { throw IdentityError(.unfit, "an authority's certificate is no workload's") }
        guard leaf.isForSignaturesAlone else { throw IdentityError(.unfit, "its key is not for signatures alone") }
        guard let roots = bundles.roots[id.trustDomain], !roots.isEmpty else {
            throw IdentityError(.untrusted, "no roots of the trust domain \(id.trustDomain) are known here")
        }
        try Certificate.verify(chain, roots: roots, at: time)
        return id
    }
}
