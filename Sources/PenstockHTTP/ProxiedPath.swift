internal import PenstockCore

/// The path and query of a request that a proxy asks about, as policy reads them.
///
/// Law: what is accepted is read alike by whoever decodes it once and by whoever resolves it. Whatever readers take for
/// different paths is refused: dot segments, empty segments, encoded slashes and dots, encodings of encodings, path
/// parameters, backslashes, control characters, and bytes that are no UTF-8.
struct ProxiedPath: Hashable, Sendable {
    /// Decoded, from its first slash on. Every spelling that is accepted has one text.
    let path: String
    /// As it was sent; nil without a question mark.
    let query: String?

    /// - Parameter uri: as in a request's first line, in origin form (RFC 9112 section 3.2.1).
    init(_ uri: String) throws(ProxiedRequest.Malformed) {
        let bytes = Array(uri.utf8)
        guard bytes.first == UInt8(ascii: "/") else { throw .init("the URI does not begin with a slash") }
        guard bytes.count <= HTTPLimits.uriBytes else {
            throw .init("the URI is longer than \(HTTPLimits.uriBytes) bytes")
        }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .init("the URI has a character in it that no URI has")
        }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        query = mark < bytes.endIndex ? String(decoding: bytes[(mark + 1)...], as: UTF8.self) : nil
        let decoded = try Self.decode(bytes[..<mark])
        guard let path = String(validating: decoded, as: UTF8.self), path.isPrintable else {
            throw .init("the path is no UTF-8 text that can be seen")
        }
        guard !path.hasDotSegment(after: 0) else { throw .init("the path has a segment of dots") }
        self.path = path
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(ProxiedRequest.Malformed) -> [UInt8] {
        var decoded: [UInt8] = []
        var at = bytes.startIndex
        while at < bytes.endIndex {
            guard bytes[at] == UInt8(ascii: "%") else {
                guard !"\\;\"<>^`{|}".utf8.contains(bytes[at]) else {
                    throw .init("the path has '\(Unicode.Scalar(bytes[at]))' in it, which readers take differently")
                }
                guard bytes[at] != UInt8(ascii: "/") || decoded.last != UInt8(ascii: "/") else {
                    throw .init("the path has an empty segment")
                }
                decoded.append(bytes[at])
                at += 1
                continue
            }
            guard at + 2 < bytes.endIndex,
                let byte = Hex.decode(String(decoding: bytes[at + 1...at + 2], as: UTF8.self).lowercased())
            else { throw .init("the path has a '%' in it that encodes nothing") }
            guard mayBeEncoded(byte[0]) else {
                throw .init("the path has an encoded character in it that readers take differently")
            }
            decoded.append(byte[0])
            at += 3
        }
        return decoded
    }

    /// Not what divides or ends a path to some reader, nor what nobody needs to encode: letters, digits and `-._~`.
    private static func mayBeEncoded(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, 0x7F: false
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            false
        default: !"-._~/\\%;?#".utf8.contains(byte)
        }
    }
}
