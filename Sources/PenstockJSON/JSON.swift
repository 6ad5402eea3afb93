/// A JSON value that keeps what policy depends on: the order of members and the text of numbers.
///
/// No number passes through floating point here: amounts are whole, and what is forwarded must be what was read.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As written, such as `9007199254740993` or `1e3`.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }

        /// Byte for byte: Swift takes canonically equivalent names for one.
        func isNamed(_ name: String) -> Bool {
            key.utf8.count == name.utf8.count && key.utf8.elementsEqual(name.utf8)
        }
    }

    package static func integer(_ value: some BinaryInteger) -> JSON { .number(value.description) }

    /// An object without its absent members.
    package static func members(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        .object(members.compactMap { key, value in value.map { Member(key, $0) } })
    }

    /// The first member of that name, byte for byte; nil also when this is not an object.
    package subscript(_ key: String) -> JSON? {
        members?.first { $0.isNamed(key) }?.value
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var flag: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// Nil for a fraction, an exponent, or what does not fit.
    package var int64: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    package var uint64: UInt64? {
        if case .number(let text) = self { UInt64(text) } else { nil }
    }

    /// The same object with one member replaced, in its place, or added at the end.
    package func setting(_ key: String, _ value: JSON) -> JSON {
        guard var members else { return self }
        guard let place = members.firstIndex(where: { $0.isNamed(key) }) else {
            return .object(members + [Member(key, value)])
        }
        members[place].value = value
        var seen = false
        members.removeAll { member in
            defer { if member.isNamed(key) { seen = true } }
            return member.isNamed(key) && seen
        }
        return .object(members)
    }
}
