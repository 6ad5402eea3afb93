extension Grant.Condition {
    /// Why nobody can mean this condition, or nil.
    package var problem: String? {
        if path.isEmpty { return "a condition names no attribute" }
        if case .unknown(let name) = comparison {
            return
                """
                no comparison is called '\(name)': \
                \(Grant.Comparison.allCases.map(\.rawValue).joined(separator: ", ")) are
                """
        }
        let quoted = "condition '\(written)'"
        if comparison != .glob, value.utf8.contains(UInt8(ascii: "*")) {
            return
                """
                \(quoted) has a '*' in its value, which is text here: '\(path) ^= PREFIX' is what begins with PREFIX
                """
        }
        if let quote = value.first, "\"'`".contains(quote), value.count > 1, value.last == quote {
            return "\(quoted) has quotes in its value, which are text here: leave them out"
        }
        if ExactNumber.canonical(value) != nil, !ExactNumber.isInteroperable(value), comparison != .equal {
            return "\(quoted) names a number with more digits than every tool keeps"
        }
        switch comparison {
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return ExactNumber.canonical(value) == nil ? "\(quoted) compares numbers, and '\(value)' is none" : nil
        case .prefix, .eachPrefix:
            return value.isEmpty ? "\(quoted) names no prefix: every text begins with it" : nil
        case .equal, .unknown: return nil
        // What it fails to name, it lets through.
        case .notEqual: return problemOfExclusion(quoted)
        case .oneOf: return problemOfAlternatives(quoted)
        case .glob: return problemOfGlob(quoted)
        case .range: return problemOfRange(quoted)
        case .network:
            return alternatives.first { IPNetwork($0) == nil }.map {
                "\(quoted): '\($0)' is no network, such as 10.0.0.0/8 or 2001:db8::/32, with nothing behind its bits"
            }
        }
    }

    private func problemOfExclusion(_ quoted: String) -> String? {
        if let list = value.first(where: { ",|{}".contains($0) }) {
            return "\(quoted) has a '\(list)' in its value, which is text here: write one condition for each value"
        }
        if value.hasDotSegment(after: 0) {
            return "\(quoted) names a path with '.' or '..' in it: write the path that it leads to"
        }
        if value.first == "^" || value.first == "~" { return "\(quoted) is no regular expression: its value is text" }
        if ["true", "false", "null"].contains(where: { $0 != value && $0 == value.lowercased() }) {
            return "\(quoted) is text here: a tool's argument is '\(value.lowercased())'"
        }
        return value.isAlmostNumber ? "\(quoted) is no number as JSON has it: write it as 16, 1000, 3 or 0.5" : nil
    }

    private func problemOfAlternatives(_ quoted: String) -> String? {
        if let bracket = value.first(where: { "|{}[]()".contains($0) }) {
            return "\(quoted) has a '\(bracket)' in its value, which is text here: write A,B,C"
        }
        if alternatives.contains(where: { $0.isEmpty || $0.isPadded }) {
            return "\(quoted) has an empty alternative, or one with a space at an end: write A,B,C"
        }
        return Set(alternatives.map(ByteText.init)).count < alternatives.count
            ? "\(quoted) names an alternative twice" : nil
    }

    private func problemOfGlob(_ quoted: String) -> String? {
        guard let glob = Glob(value) else {
            return "\(quoted) has more than \(Glob.tokens) characters and wildcards, or three '*' in a row"
        }
        if let other = value.first(where: { "[]{}\\|".contains($0) }) {
            return "\(quoted) has a '\(other)' in its value, and only '*', '**' and '?' stand for more"
        }
        if !glob.hasWildcard { return "\(quoted) has no wildcard: write '\(path) == \(value)'" }
        // A '?' ends a path to many readers, and here it is a character.
        return String(value.map { $0 == "?" ? "x" : $0 }).hasDotSegment(after: glob.literalBytes)
            ? "\(quoted) has a segment of dots behind a wildcard, which nothing matches" : nil
    }

    private func problemOfRange(_ quoted: String) -> String? {
        guard let ends, let order = ExactNumber.compare(ends.low, ends.high) else {
            return "\(quoted) is no range of numbers, such as 1..10"
        }
        guard ExactNumber.isInteroperable(ends.low), ExactNumber.isInteroperable(ends.high) else {
            return "\(quoted) names a number with more digits than every tool keeps"
        }
        return order == .greater ? "\(quoted) has its greater end first: nothing lies in it" : nil
    }

    /// What it asks for, for people.
    package var explanation: String {
        let number = ExactNumber.canonical(value).map {
            $0 == value ? "the number or text '\($0)'" : "the number \($0) or the text '\(value)'"
        }
        return switch comparison {
        case .equal: "'\(path)' is there and is \(number ?? "exactly '\(value)'")"
        case .notEqual:
            """
            '\(path)' is there and is not \
            \(number ?? "'\(value)', nor another spelling of that path, nor one with a segment '..'")
            """
        case .prefix: "'\(path)' is there and begins with '\(value)', without a segment '.' or '..' after that"
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            "'\(path)' is there and is a number \(comparison.rawValue) \(value)"
        case .oneOf: "'\(path)' is there and is one of \(alternatives.map { "'\($0)'" }.joined(separator: ", "))\(each)"
        case .glob:
            """
            '\(path)' is there and matches '\(value)', where '*' stands for a run without a slash, '**' for any run \
            and '?' for one character\(each)
            """
        case .eachPrefix:
            "'\(path)' is there and begins with '\(value)', without a segment '.' or '..' after that\(each)"
        case .range: "'\(path)' is there and is a number from \(ends?.low ?? "") to \(ends?.high ?? "")\(each)"
        case .network:
            "'\(path)' is there and is an IP address in \(alternatives.joined(separator: " or "))\(each)"
        case .unknown: "nothing: this version does not know '\(comparison.rawValue)'"
        }
    }

    private var each: String { "; of a list, each element" }
}

extension String {
    var isPadded: Bool { first?.isWhitespace == true || last?.isWhitespace == true }

    /// A number to many readers, and none to JSON: signs, leading zeros, other bases, groups, other scripts' digits.
    fileprivate var isAlmostNumber: Bool {
        guard ExactNumber.canonical(self) == nil else { return false }
        let sign = first == "+" || first == "-"
        let digits = Substring(self).dropFirst(sign ? 1 : 0)
        guard digits.contains(where: \.isWholeNumber) else { return false }
        if digits.allSatisfy({ $0.isWholeNumber || $0 == "_" || $0 == "'" }) { return true }
        if let prefix = ["0x", "0o", "0b"].first(where: digits.lowercased().hasPrefix) {
            return digits.dropFirst(prefix.count).allSatisfy { $0.isHexDigit || $0 == "_" }
        }
        // At most one point, so that addresses and versions are texts.
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { $0.allSatisfy { $0.isWholeNumber || $0 == "_" } }
    }
}
