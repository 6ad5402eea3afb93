/// A SPIFFE ID: `spiffe://TRUST-DOMAIN/PATH` (SPIFFE-ID, sections 2.1 to 2.3).
package struct SPIFFEID: Hashable, Sendable, CustomStringConvertible {
    package let trustDomain: String
    /// With its leading slash, or empty.
    package let path: String

    static let maximumBytes = 2_048

    /// Nil for anything else than the one way to write it: in lower case up to the path, without port, user, query,
    /// fragment, percent signs, empty or dot segments, or a slash at the end.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes, text.hasPrefix("spiffe://") else { return nil }
        let rest = text.dropFirst("spiffe://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (domain, path) = (rest[..<slash], rest[slash...])
        guard Self.isTrustDomain(domain) else { return nil }
        if !path.isEmpty {
            for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                guard !segment.isEmpty, segment != ".", segment != "..", segment.utf8.allSatisfy(Self.isOfPath) else {
                    return nil
                }
            }
        }
        trustDomain = String(domain)
        self.path = String(path)
    }

    package static func isTrustDomain(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy(isOfDomain)
    }

    package var description: String { "spiffe://\(trustDomain)\(path)" }

    private static func isOfDomain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isOfPath(_ byte: UInt8) -> Bool {
        isOfDomain(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
