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

    /// So many names of one object are compared one by one; more, by their hashes.
    private static let comparedNames = 8

    let bytes: [UInt8]
    let mode: Mode
    var at = 0

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

    var wrong: Problem { .syntax(at: at) }

    var next: UInt8? { at < bytes.count ? bytes[at] : nil }

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
                guard isNew(name, among: members, &names) else {
                    throw .ambiguous("member comes twice: \(name.prefix(64))")
                }
                guard !name.utf8.contains(0) else { throw .ambiguous("U+0000 in the name of a member") }
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw wrong }
            at += 1
            members.append(JSON.Member(name, try value(depth: depth)))
            if try !goesOn(until: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private func isNew(_ name: String, among members: [JSON.Member], _ names: inout Set<String>) -> Bool {
        if members.count < Self.comparedNames { return !members.contains { $0.key == name } }
        if members.count == Self.comparedNames { names = Set(members.map(\.key)) }
        return names.insert(name).inserted
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
}
