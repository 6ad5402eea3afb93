/// An exact text, or a prefix when written with a trailing `*`.
package struct Pattern: Hashable, Sendable {
    package let text: String
    package let isPrefix: Bool
    private let isASCII: Bool
    private let bytes: [UInt8]

    package init(_ written: String) {
        isPrefix = written.hasSuffix("*")
        text = isPrefix ? String(written.dropLast()) : written
        bytes = Array(text.utf8)
        isASCII = bytes.allSatisfy { $0 < 128 }
    }

    package init(exact text: String) {
        self.text = text
        isPrefix = false
        bytes = Array(text.utf8)
        isASCII = bytes.allSatisfy { $0 < 128 }
    }

    package var written: String { isPrefix ? text + "*" : text }

    /// For what allows. A text that the tool may resolve to a place outside the prefix does not match.
    package func matches(_ candidate: String) -> Bool {
        catches(candidate) && !(isPrefix && !bytes.isEmpty && candidate.hasDotSegment(after: bytes.count))
    }

    /// For what restricts or costs, where whatever may be meant counts.
    ///
    /// Byte for byte: Swift's own equality takes canonically equivalent texts for one, and a tool may not.
    package func catches(_ candidate: String) -> Bool {
        if isPrefix { return startsWithText(candidate) }
        // What is canonically equivalent to ASCII text and as long is that text.
        guard candidate == text, candidate.utf8.count == bytes.count else { return false }
        return isASCII || candidate.utf8.elementsEqual(bytes)
    }
}

extension Pattern {
    /// Why nobody can mean this pattern, or nil: what looks like a wildcard elsewhere than at the end is text here, and
    /// would match nothing. In a URI a question mark, a bar and brackets are text.
    package static func problem(_ written: String) -> String? {
        if written.isPadded { return "'\(written)' begins or ends with a space, which nobody sees" }
        var bytes = written.utf8[...]
        if bytes.last == UInt8(ascii: "*") { bytes = bytes.dropLast() }
        let isURI = written.split(separator: "://", maxSplits: 1).count == 2
        let wildcards = isURI ? "*{}\\" : "*?[]{}\\|"
        guard let found = bytes.first(where: { wildcards.utf8.contains($0) }) else { return nil }
        return "'\(written)' has '\(Unicode.Scalar(found))' in it, and only a '*' at the end stands for more"
    }

    /// The same of one that restricts or costs: what it fails to catch passes, so it is no list either.
    package static func problemOfRestriction(_ written: String) -> String? {
        if let problem = problem(written) { return problem }
        return written.contains(",") ? "'\(written)' has a ',' in it, which is text here: write one for each" : nil
    }

    /// What it matches, for people.
    package var explanation: String {
        if !isPrefix { return "exactly '\(text)'" }
        return text.isEmpty ? "anything" : "whatever begins with '\(text)', without a segment '.' or '..' after that"
    }

    /// Whether some text matches both.
    func overlaps(_ other: Pattern) -> Bool {
        if isPrefix, other.isPrefix { return text.begins(with: other.text) || other.text.begins(with: text) }
        return isPrefix ? matches(other.text) : other.matches(text)
    }

    private func startsWithText(_ candidate: String) -> Bool {
        guard candidate.utf8.count >= bytes.count else { return false }
        let equal = candidate.utf8.withContiguousStorageIfAvailable { storage in
            for index in 0..<bytes.count where storage[index] != bytes[index] { return false }
            return true
        }
        return equal ?? candidate.utf8.starts(with: bytes)
    }
}

/// `TYPE:PATTERN`.
package struct ResourcePattern: Hashable, Sendable {
    package let type: Pattern
    package let id: Pattern

    /// Nil without a colon.
    package init?(_ written: String) {
        guard let colon = written.firstIndex(of: ":") else { return nil }
        type = Pattern(exact: String(written[..<colon]))
        id = Pattern(String(written[written.index(after: colon)...]))
    }

    package init(type: Pattern, id: Pattern) { (self.type, self.id) = (type, id) }

    package var written: String { "\(type.text):\(id.written)" }

    /// As for `Pattern`; a type has no wildcard.
    package static func problem(_ written: String) -> String? {
        guard let pattern = ResourcePattern(written) else { return "'\(written)' must be TYPE:PATTERN" }
        if pattern.type.text.isEmpty { return "'\(written)' has no type before its ':'" }
        if pattern.type.text.utf8.contains(UInt8(ascii: "*")) {
            return "'\(written)' has a '*' in its type, which is always exact"
        }
        return Pattern.problem(pattern.type.text) ?? Pattern.problem(pattern.id.written)
    }

    package var explanation: String { "of type '\(type.text)': \(id.explanation)" }

    package func matches(type candidateType: String, id candidate: String) -> Bool {
        type.matches(candidateType) && id.matches(candidate)
    }

    /// As of `Pattern`.
    package func catches(type candidateType: String, id candidate: String) -> Bool {
        type.catches(candidateType) && id.catches(candidate)
    }
}
