/// Numbers: RFC 8259 section 6. Each keeps the text that it came in.
extension JSONParser {
    mutating func number() throws(Problem) -> JSON {
        let start = at
        if next == UInt8(ascii: "-") { at += 1 }
        if next == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        return .number(String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func digits() throws(Problem) {
        let start = at
        while let byte = next, byte >= 48, byte <= 57 { at += 1 }
        guard at > start else { throw wrong }
    }
}
