/// Which limit denied a call, and what could still be had of it.
public struct Shortage: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// By its name, or GRANT/UNIT for a grant's own.
        case budget
        /// As above.
        case rate
        /// All of a grant: it owes.
        case grant
        /// The most that one call of the grant may ask for.
        case maxAmount = "max_amount"
    }

    public var kind: Kind
    /// Empty where it is not known, or has none.
    public var name: String
    /// Empty where it is not of one unit.
    public var unit: String
    /// The most that such a call could get if all came back that is out; nil where it is not known.
    public var couldGet: Int64?
    /// Of a budget, what is in slices of this node, calls under way included; and in those of others.
    public var heldHere: Int64
    public var heldElsewhere: Int64

    /// - Parameter unit: as a caller wrote it, perhaps.
    public init(
        _ kind: Kind, _ name: String = "", unit: String, couldGet: Int64? = nil, heldHere: Int64 = 0,
        heldElsewhere: Int64 = 0
    ) {
        self.kind = kind
        self.name = name
        self.unit = unit.printed
        self.couldGet = couldGet
        self.heldHere = heldHere
        self.heldElsewhere = heldElsewhere
    }

    /// As it is recorded: `budget org usd_micros`.
    public var text: String { [kind.rawValue, name, unit].filter { !$0.isEmpty }.joined(separator: " ") }

    /// For people.
    public var explanation: String {
        var text = self.text
        if let couldGet {
            text += ": at most \(couldGet) could be had"
            if heldHere > 0 || heldElsewhere > 0 {
                text += ", of which \(heldHere) held here and \(heldElsewhere) elsewhere"
            }
        }
        return text
    }
}

/// At most one, in as many bytes as a reference: an allow carries none.
public enum ShortageBox: Hashable, Sendable {
    case none
    indirect case some(Shortage)

    public init(_ shortage: Shortage?) { self = shortage.map { .some($0) } ?? .none }

    public var shortage: Shortage? {
        switch self {
        case .none: nil
        case .some(let shortage): shortage
        }
    }
}

extension BudgetKey {
    /// As people write it.
    package var written: String {
        switch self {
        case .named(let name): name
        case .grant(let grant, let unit): "\(grant)/\(unit)"
        }
    }
}

extension RateKey {
    package var written: String {
        switch self {
        case .named(let name): name
        case .grant(let grant, let unit): "\(grant)/\(unit)"
        }
    }
}
