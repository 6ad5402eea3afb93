internal import COpenSSL
package import PenstockCore

/// An X.509 certificate, as OpenSSL reads it.
///
/// `@unchecked`: nothing changes it after `init`; what OpenSSL caches within, it locks itself.
package final class Certificate: @unchecked Sendable {
    package let der: [UInt8]
    /// SHA-256 of the DER form: `x5t#S256` of RFC 8705.
    package let thumbprint: Digest
    private let handle: OpaquePointer

    /// - Throws: unless the bytes are one whole certificate, not longer than a peer may send.
    package init(der: [UInt8]) throws(IdentityError) {
        guard der.count <= IdentityLimits.certificateBytes, let handle = penstock_x509_read(der, der.count) else {
            throw IdentityError(.malformed, "no X.509 certificate of at most \(IdentityLimits.certificateBytes) bytes")
        }
        self.der = der
        self.handle = handle
        thumbprint = SHA256.hash(der)
    }

    deinit { X509_free(handle) }

    /// Every certificate of a PEM text (RFC 7468), in its order; other text and other kinds of blocks are passed over.
    ///
    /// - Throws: where there is none, one that cannot be read, or more than a file may hold.
    package static func read(pem text: String) throws(IdentityError) -> [Certificate] {
        var certificates: [Certificate] = []
        var rest = text[...]
        while let begin = rest.firstRange(of: begin) {
            guard let end = rest[begin.upperBound...].firstRange(of: end) else {
                throw IdentityError(.malformed, "a certificate's block does not end")
            }
            guard let der = Base64.decode(rest[begin.upperBound..<end.lowerBound].filter { !$0.isWhitespace }) else {
                throw IdentityError(.malformed, "a certificate's block is not base64")
            }
            certificates.append(try Certificate(der: der))
            guard certificates.count <= IdentityLimits.certificatesPerFile else {
                throw IdentityError(.malformed, "more than \(IdentityLimits.certificatesPerFile) certificates")
            }
            rest = rest[end.upperBound...]
        }
        guard !certificates.isEmpty else { throw IdentityError(.malformed, "there is no certificate in it") }
        return certificates
    }

    private static let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")

    /// The first moment at which it is valid no more.
    package var expiresAt: WallTime {
        let second = penstock_x509_not_after(handle)
        return second < 0 ? 0 : min(second, .max / 1_000 - 1) * 1_000 + 1_000
    }

    /// The one name of the kind URI in its subject's alternative names; nil for none, and for more than one.
    ///
    /// - Parameter room: a longer one is as good as none.
    package func onlyURI(atMost room: Int) -> String? {
        var length: Int32 = 0
        var count: Int32 = 0
        let text = String(unsafeUninitializedCapacity: room) { buffer in
            count = buffer.withMemoryRebound(to: CChar.self) {
                penstock_x509_uri(handle, $0.baseAddress, Int32(room), &length)
            }
            return length <= room ? Int(length) : 0
        }
        return count == 1 && length <= room && length > 0 ? text : nil
    }

    /// RFC 5280 section 4.2.1.9, and whatever else makes OpenSSL take it for an authority's.
    package var isAuthority: Bool { X509_check_ca(handle) != 0 }

    /// Whether its key is for signatures, and for none of certificates or lists of them (RFC 5280 section 4.2.1.3).
    package var isForSignaturesAlone: Bool {
        let usage = X509_get_key_usage(handle)
        guard usage != .max else { return false }
        return usage & UInt32(KU_DIGITAL_SIGNATURE) != 0 && usage & UInt32(KU_KEY_CERT_SIGN | KU_CRL_SIGN) == 0
    }
}

extension Certificate {
    /// Whether a chain, its own certificate first, leads to one of the roots at that time (RFC 5280).
    ///
    /// - Throws: why not.
    package static func verify(_ chain: [Certificate], roots: [Certificate], at time: WallTime) throws(IdentityError) {
        guard !chain.isEmpty, chain.count <= IdentityLimits.chainLength else {
            throw IdentityError(.untrusted, "a chain has 1 to \(IdentityLimits.chainLength) certificates")
        }
        let outcome = withExtendedLifetime((chain, roots)) {
            penstock_x509_verify(
                chain.map(\.handle), Int32(chain.count), roots.map(\.handle), Int32(roots.count), time / 1_000)
        }
        guard outcome == X509_V_OK else {
            throw IdentityError(.untrusted, String(cString: X509_verify_cert_error_string(Int(outcome))))
        }
    }
}
