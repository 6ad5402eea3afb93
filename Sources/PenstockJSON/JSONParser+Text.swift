/// Strings: RFC 8259 section 7.
extension JSONParser {
    mutating func string() throws(Problem) -> String {
        at += 1
        var start = at
        var text: [UInt8] = []
        var bits: UInt8 = 0
        while true {
            guard let byte = next, byte >= 32 else { throw wrong }
            bits |= byte
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                text += bytes[start..<at]
                at += 1
                try escape(into: &text)
                start = at
            } else {
                at += 1
            }
        }
        defer { at += 1 }
        // Most have no escape and are ASCII: there is nothing to copy, and nothing to check.
        if text.isEmpty {
            return bits < 128 ? String(decoding: bytes[start..<at], as: UTF8.self) : try decoded(bytes[start..<at])
        }
        return try decoded(text[...] + bytes[start..<at])
    }

    private func decoded(_ text: ArraySlice<UInt8>) throws(Problem) -> String {
        if let valid = String(validating: text, as: UTF8.self) { return valid }
        guard mode == .lenient else { throw .syntax(at: at + 1) }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape(into text: inout [UInt8]) throws(Problem) {
        guard let kind = next else { throw wrong }
        at += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): text += UTF8.encode(try scalar()).map { Array($0) } ?? []
        default: throw wrong
        }
    }

    private mutating func scalar() throws(Problem) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let before = at
        if first < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") {
            at += 2
            let second = try codeUnit()
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        guard mode == .lenient else { throw .ambiguous("half of a surrogate pair") }
        at = before
        return "\u{FFFD}"
    }

    private mutating func codeUnit() throws(Problem) -> UInt32 {
        guard at + 4 <= bytes.count else { throw wrong }
        var unit: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw wrong }
            unit = unit << 4 | UInt32(digit)
        }
        at += 4
        return unit
    }
}
