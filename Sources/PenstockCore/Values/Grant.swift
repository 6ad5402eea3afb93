/// Signed authority for one agent run, as an issuer states it. Empty strings and zeros mean "not set".
public struct Grant: Hashable, Sendable {
    public var grantID = ""
    /// The revocation handle: every grant of a run shares it.
    public var runID = ""
    public var agentID = ""
    public var agentClass = ""
    /// Who delegated: a human, team, service or organisation.
    public var principalID = ""
    public var purpose = ""
    /// The destination service that this grant is good for; empty means any.
    public var audience = ""
    /// SPIFFE id of the workload that may use it; empty means any.
    public var workload = ""
    /// The key that its user must prove to hold; nil: the credential alone is enough.
    public var confirmation: Confirmation?
    /// Exact action names, or prefixes ending in `*`.
    public var allowedActions: [String] = []
    /// `TYPE:PATTERN`, exact or ending in `*`. None means that no resource is allowed.
    public var resources: [String] = []
    public var conditions: [Condition] = []
    public var notBefore: WallTime = 0
    public var expiresAt: WallTime = 0
    /// Renewals may move the expiry up to here; 0 forbids them.
    public var renewableUntil: WallTime = 0
    public var budgets: [Amount] = []
    public var maxAmounts: [Amount] = []
    /// Of its own, one for a unit, without names.
    package var rates: [Rate] = []
    /// Named budgets that this grant draws on besides its own.
    public var draws: [String] = []
    /// The oldest view that may decide on this grant, in milliseconds; 0 takes the mesh's.
    public var maxStalenessMS: UInt32 = 0
    /// Decide only on an echo sent after the call arrived.
    public var linearizable = false
    /// How long past the lease low-risk actions may go on; 0 denies when stale.
    public var graceMS: UInt32 = 0
    /// The grant that this one was delegated from. What a child leaves unset of run, principal, audience, workload,
    /// time, staleness and amounts is as its parent has it.
    public var parent = ""
    /// How many further levels may be delegated from it; 0 forbids any.
    public var delegate: UInt32 = 0
    public var credentialDigest = Digest.zero
    public var approvalActions: [String] = []
    public var policyVersion = ""
    public var promptHash: [UInt8] = []
    public var toolVersion = ""

    public init() {}

    /// One bound on a call's attributes, such as `amount_cents <= 5000`.
    public struct Condition: Hashable, Sendable {
        public var path: String
        public var comparison: Comparison
        public var value: String

        /// Byte for byte: two that only Unicode takes for one bound different values.
        public static func == (a: Condition, b: Condition) -> Bool {
            a.comparison == b.comparison && a.path.isSame(as: b.path) && a.value.isSame(as: b.value)
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(ByteText(path))
            hasher.combine(comparison)
            hasher.combine(ByteText(value))
        }

        public init(path: String, comparison: Comparison, value: String) {
            self.path = path
            self.comparison = comparison
            self.value = value
        }
    }

    /// Numbers compare as exact numbers, however they are written; anything else as bytes. A missing attribute fulfils
    /// nothing, not even `!=`; nor does a number that tools read differently, unless it is asked for in the same bytes.
    /// To `!=` another spelling of a path is that path, and one with a segment `..` may be any.
    public enum Comparison: String, Sendable, CaseIterable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case prefix = "^="
    }
}

extension Grant.Condition {
    /// Reads `PATH OP VALUE`; nil when it has another form.
    public init?(parsing text: String) {
        let parts = text.split(separator: " ", maxSplits: 2).map(String.init)
        guard parts.count == 3, let comparison = Grant.Comparison(rawValue: parts[1]) else { return nil }
        self.init(path: parts[0], comparison: comparison, value: parts[2])
    }

    package func holds(for attributes: [String: String]) -> Bool {
        guard let actual = attributes.value(forBytes: path) else { return false }
        if comparison == .prefix {
            return actual.begins(with: value) && (value.isEmpty || !actual.hasDotSegment(after: value.utf8.count))
        }
        if comparison == .equal, actual.isSame(as: value) { return true }
        guard let order = ExactNumber.compare(actual, value) else {
            // Some tools read " 3", "03" or "3_0" as a number, others do not: what may be the number is not another
            // one.
            return comparison == .notEqual && !actual.mayBeSamePath(as: value)
                && !(actual.hasDigit && ExactNumber.canonical(value) != nil)
        }
        // What a tool would read as a neighbour of this number is neither.
        guard ExactNumber.isInteroperable(actual) else { return false }
        return switch comparison {
        // Doors write each number in one way, so a text such as "3e0" is no number to a tool that reads texts.
        case .equal: order == .same && ExactNumber.isCanonical(actual)
        // A tool may read a text as a number.
        case .notEqual: order != .same
        case .less: order == .less
        case .lessOrEqual: order != .greater
        case .greater: order == .greater
        case .greaterOrEqual: order != .less
        case .prefix: false
        }
    }
}
