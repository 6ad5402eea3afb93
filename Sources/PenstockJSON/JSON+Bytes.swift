/// Writing: RFC 8259, without white space.
extension JSON {
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        // An answer to one question fits.
        out.reserveCapacity(512)
        write(into: &out, sorted: false)
        return out
    }

    /// For digests: no white space, and members in the order of RFC 8785 section 3.2.3. Unlike there, a number keeps
    /// the text that it came in.
    package var canonicalBytes: [UInt8] {
        var out: [UInt8] = []
        write(into: &out, sorted: true)
        return out
    }

    private func write(into out: inout [UInt8], sorted: Bool) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let text): out.append(contentsOf: text.utf8)
        case .string(let text): Self.quote(text, into: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.write(into: &out, sorted: sorted)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            let ordered = sorted ? members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) } : members
            out.append(UInt8(ascii: "{"))
            for (index, member) in ordered.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                Self.quote(member.key, into: &out)
                out.append(UInt8(ascii: ":"))
                member.value.write(into: &out, sorted: sorted)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ text: String, into out: inout [UInt8]) {
        var text = text
        out.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var plain = 0
            for (index, byte) in bytes.enumerated()
            where byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                out.append(contentsOf: bytes[plain..<index])
                plain = index + 1
                escape(byte, into: &out)
            }
            out.append(contentsOf: bytes[plain...])
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, into out: inout [UInt8]) {
        switch byte {
        case 8: out.append(contentsOf: "\\b".utf8)
        case 9: out.append(contentsOf: "\\t".utf8)
        case 10: out.append(contentsOf: "\\n".utf8)
        case 12: out.append(contentsOf: "\\f".utf8)
        case 13: out.append(contentsOf: "\\r".utf8)
        case 0..<32:
            let digits = Array("0123456789abcdef".utf8)
            out.append(contentsOf: "\\u00".utf8)
            out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: out += [UInt8(ascii: "\\"), byte]
        }
    }
}
