extension Grant {
    /// One bound on a call's attributes, such as `amount_cents <= 5000`.
    public struct Condition: Hashable, Sendable {
        public var path: String
        public var comparison: Comparison
        public var value: String

        public init(path: String, comparison: Comparison, value: String) {
            self.path = path
            self.comparison = comparison
            self.value = value
        }

        /// Byte for byte: two that only Unicode takes for one bound different values.
        public static func == (a: Condition, b: Condition) -> Bool {
            a.comparison == b.comparison && a.path.isSame(as: b.path) && a.value.isSame(as: b.value)
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(ByteText(path))
            hasher.combine(comparison)
            hasher.combine(ByteText(value))
        }
    }
}

extension Grant.Condition {
    /// Reads `PATH OP VALUE`; nil when it has another form.
    public init?(parsing text: String) {
        let parts = text.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3, let comparison = Grant.Comparison(rawValue: parts[1]) else { return nil }
        self.init(path: parts[0], comparison: comparison, value: parts[2])
    }

    package var written: String { "\(path) \(comparison.rawValue) \(value)" }

    /// As a decision would find it, compiled for this question alone.
    package func holds(for attributes: [String: String], lists: [String: [String]] = [:]) -> Bool {
        CompiledCondition(self).holds(for: attributes, lists)
    }

    /// The parts of a value that is a list.
    package var alternatives: [String] {
        value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// The ends of a range.
    package var ends: (low: String, high: String)? {
        let bytes = Array(value.utf8)
        guard let dots = bytes.indices.dropLast().first(where: { bytes[$0] == 46 && bytes[$0 + 1] == 46 }) else {
            return nil
        }
        return (String(decoding: bytes[..<dots], as: UTF8.self), String(decoding: bytes[(dots + 2)...], as: UTF8.self))
    }
}
