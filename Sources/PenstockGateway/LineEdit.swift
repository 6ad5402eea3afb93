internal import PenstockJSON

/// Writes a whole number into a line of JSON that the strict parser has read, and leaves every other byte as it came.
struct LineEdit {
    private let line: [UInt8]
    private var at = 0

    private init(_ line: [UInt8]) { self.line = line }

    /// - Parameter path: names of members, from the outermost object inwards; objects that are not there, or null, are
    ///   made.
    /// - Returns: nil when something on the way is no object.
    static func setting(_ path: [String], to value: Int64, in line: [UInt8]) -> [UInt8]? {
        var edit = LineEdit(line)
        edit.skipSpace()
        for (depth, name) in path.enumerated() {
            if line[edit.at...].starts(with: "null".utf8) {
                let missing = path[depth...].reversed().reduce(JSON.integer(value)) { .object([.init($1, $0)]) }
                return Array(line[..<edit.at]) + missing.bytes + Array(line[(edit.at + 4)...])
            }
            guard edit.at < line.count, line[edit.at] == UInt8(ascii: "{") else { return nil }
            let inside = edit.at + 1
            guard case .absent(let isEmpty) = edit.find(name) else { continue }
            let missing = path[(depth + 1)...].reversed().reduce(JSON.integer(value)) { .object([.init($1, $0)]) }
            let member = JSON.string(name).bytes + [UInt8(ascii: ":")] + missing.bytes
            return Array(line[..<inside]) + member + (isEmpty ? [] : [UInt8(ascii: ",")]) + Array(line[inside...])
        }
        let start = edit.at
        edit.skipValue()
        return Array(line[..<start]) + Array(String(value).utf8) + Array(line[edit.at...])
    }

    private enum Found {
        /// The value begins here.
        case here
        case absent(isEmpty: Bool)
    }

    /// From the start of an object to the value of its member of that name.
    private mutating func find(_ name: String) -> Found {
        at += 1
        skipSpace()
        if line[at] == UInt8(ascii: "}") { return .absent(isEmpty: true) }
        while true {
            skipSpace()
            let start = at
            skipString()
            // A name may be written with escapes: it is read as the parser reads it.
            let isIt = (try? JSONParser.parse(Array(line[start..<at])))?.text == name
            skipSpace()
            at += 1  // the colon
            skipSpace()
            if isIt { return .here }
            skipValue()
            skipSpace()
            if line[at] == UInt8(ascii: "}") { return .absent(isEmpty: false) }
            at += 1  // the comma
        }
    }

    private mutating func skipSpace() {
        while at < line.count, [32, 9, 10, 13].contains(line[at]) { at += 1 }
    }

    private mutating func skipString() {
        at += 1
        while line[at] != UInt8(ascii: "\"") { at += line[at] == UInt8(ascii: "\\") ? 2 : 1 }
        at += 1
    }

    /// What the parser has found well formed ends where its brackets do, or before whatever divides values.
    private mutating func skipValue() {
        var depth = 0
        repeat {
            switch line[at] {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                at += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 32, 9, 10, 13: at += 1
            default:
                while at < line.count,
                    ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 32, 9, 10, 13].contains(line[at])
                { at += 1 }
            }
        } while depth > 0
    }
}
