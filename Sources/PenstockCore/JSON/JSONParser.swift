/// Reads one JSON text (RFC 8259), completely or not at all.
///
/// Strict reading also asks for I-JSON (RFC 7493): a name comes once in an object, and strings are Unicode. So
/// nobody who reads the same bytes can come to another value than we did.
package struct JSONParser {
    package enum Mode: Sendable {
        case strict
        /// For what others say to a client that reads it for itself: equal names are kept, a lone surrogate reads
        /// as U+FFFD.
        case lenient
    }

    package enum Problem: Error, Equatable, Sendable {
        case syntax(at: Int)
        /// Well formed, but two readers may understand it differently.
        case ambiguous(String)
        case tooDeep

        package var text: String {
            switch self {
            case .syntax(let offset): "not JSON, at byte \(offset)"
            case .ambiguous(let what): "ambiguous JSON: \(what)"
            case .tooDeep: "JSON is nested too deeply"
            }
        }
    }

    /// Objects and arrays inside one another. Deeper than any tool's schema, shallow enough for any reader's stack.
    package static let depth = 64

    private let bytes: [UInt8]
    private let mode: Mode
    private var at = 0

    private init(_ bytes: [UInt8], _ mode: Mode) {
        self.bytes = bytes
        self.mode = mode
    }

    package static func parse(_ bytes: [UInt8], _ mode: Mode = .strict) throws(Problem) -> JSON {
        var parser = JSONParser(bytes, mode)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.at == bytes.count else { throw parser.wrong }
        return value
    }

    private var wrong: Problem { .syntax(at: at) }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || byte == 9 || byte == 10 || byte == 13 { at += 1 }
    }

    private mutating func value(depth: Int) throws(Problem) -> JSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(Problem) -> JSON {
        let matches = word.withUTF8Buffer { bytes[at...].starts(with: $0) }
        guard matches else { throw wrong }
        at += word.utf8CodeUnitCount
        return value
    }

    private mutating func object(depth: Int) throws(Problem) -> JSON {
        guard depth <= Self.depth else { throw .tooDeep }
        at += 1
        var members: [JSON.Member] = []
        var names: Set<String> = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            at += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw wrong }
            let name = try string()
            if mode == .strict {
                guard names.insert(name).inserted else { throw .ambiguous("member comes twice: \(name.prefix(64))") }
                guard !name.utf8.contains(0) else { throw .ambiguous("U+0000 in the name of a member") }
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw wrong }
            at += 1
            members.append(JSON.Member(name, try value(depth: depth)))
            if try !goesOn(until: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSON {
        guard depth <= Self.depth else { throw .tooDeep }
        at += 1
        var elements: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            at += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth))
            if try !goesOn(until: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func goesOn(until end: UInt8) throws(Problem) -> Bool {
        skipSpace()
        guard let byte = next, byte == end || byte == UInt8(ascii: ",") else { throw wrong }
        at += 1
        return byte != end
    }

    private mutating func number() throws(Problem) -> JSON {
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

    private mutating func string() throws(Problem) -> String {
        at += 1
        var start = at
        var text: [UInt8] = []
        while true {
            guard let byte = next, byte >= 32 else { throw wrong }
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
        text += bytes[start..<at]
        at += 1
        if let valid = String(validating: text, as: UTF8.self) { return valid }
        guard mode == .lenient else { throw wrong }
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
