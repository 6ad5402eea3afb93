/// A grant as a view holds it: plain integers, so that a decision copies it without touching a reference count.
/// What many grants share lies in `GrantRules`.
package struct GrantRecord: Sendable {
    /// Of the event that issued it.
    package var position: Position
    package var credential: Digest
    package var confirmation: Confirmation?
    package var notBefore: WallTime
    package var expiresAt: WallTime
    package var renewableUntil: WallTime
    package var grant: Symbol
    package var run: Symbol
    package var agent: Symbol
    package var agentClass: Symbol
    package var principal: Symbol
    package var purpose: Symbol
    package var audience: Symbol
    package var issuer: Symbol
    /// Index of the parent grant, or -1.
    package var parent: Int32
    package var rules: Int32
}

/// What a grant allows, apart from whom and when. Grants of one shape share one.
package struct GrantRules: Hashable, Sendable {
    package var actions: [Pattern]
    package var resources: [ResourcePattern]
    package let compiled: [CompiledCondition]
    package var budgets: [Amount]
    package var maxAmounts: [Amount]
    package var draws: [String]
    /// Its own; those of the grants above it bound it as well.
    package var rates: [Rate]
    /// It has a rate of its own, or a grant above it has.
    package var isRated: Bool
    /// Units of its own budgets and of those it draws on: a call that spends one needs a slice.
    package var meteredUnits: [String] { didSet { metersCalls = meteredUnits.contains("calls") } }
    /// Every call of it is one of its budget of calls, or of one that it draws on.
    package private(set) var metersCalls: Bool
    package var approvalActions: [Pattern]
    package var workload: String
    /// Of the texts above: grants whose texts only Unicode takes for the same have rules of their own.
    private var exact: [ByteText]
    package var maxStalenessMS: UInt32
    package var linearizable: Bool
    package var graceMS: UInt32
    /// How many further levels may be delegated.
    package var delegate: UInt32

    package init(_ grant: Grant, unitOf: (String) -> String?) {
        let drawn = grant.draws.compactMap(unitOf)
        meteredUnits = Set(grant.budgets.map(\.unit) + drawn).sorted()
        metersCalls = meteredUnits.contains("calls")
        actions = grant.allowedActions.map { Pattern($0) }
        resources = grant.resources.compactMap(ResourcePattern.init)
        compiled = grant.conditions.map(CompiledCondition.init)
        self.budgets = grant.budgets
        maxAmounts = grant.maxAmounts
        draws = grant.draws
        rates = grant.rates
        isRated = !grant.rates.isEmpty
        approvalActions = grant.approvalActions.map { Pattern($0) }
        workload = grant.workload
        exact = ([workload] + draws + meteredUnits + (budgets + maxAmounts).map(\.unit) + rates.map(\.unit)).map(
            ByteText.init)
        maxStalenessMS = grant.maxStalenessMS
        linearizable = grant.linearizable
        graceMS = grant.graceMS
        delegate = grant.delegate
    }
}

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
