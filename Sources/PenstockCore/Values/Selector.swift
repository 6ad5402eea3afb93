/// What a revoke, suspend or throttle covers: every grant, now or later, that matches.
public enum Selector: Hashable, Sendable {
    case grant(String)
    case run(String)
    case agent(String)
    case agentClass(String)
    case principal(String)
    case purpose(String)
    case audience(String)
    case issuer(String)
    /// A grant and everything delegated from it.
    case subtree(String)
    /// Every decision at one enforcement node.
    case node(String)
    case all

    public var kind: Kind {
        switch self {
        case .grant: .grant
        case .run: .run
        case .agent: .agent
        case .agentClass: .agentClass
        case .principal: .principal
        case .purpose: .purpose
        case .audience: .audience
        case .issuer: .issuer
        case .subtree: .subtree
        case .node: .node
        case .all: .all
        }
    }

    /// Byte for byte: of two that only Unicode takes for one, each covers grants of its own.
    public static func == (a: Selector, b: Selector) -> Bool { a.kind == b.kind && a.value.isSame(as: b.value) }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(ByteText(value))
    }

    /// Empty for `all`.
    public var value: String {
        switch self {
        case .grant(let value), .run(let value), .agent(let value), .agentClass(let value), .principal(let value),
            .purpose(let value), .audience(let value), .issuer(let value), .subtree(let value), .node(let value):
            value
        case .all: ""
        }
    }

    /// The raw values are those of the wire.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case grant = 1, run, agent, agentClass, principal, purpose, audience, issuer, subtree, node, all
    }

    /// Nil for an empty value, except for `all`, which takes none.
    public init?(kind: Kind, value: String) {
        guard value.isEmpty == (kind == .all) else { return nil }
        switch kind {
        case .grant: self = .grant(value)
        case .run: self = .run(value)
        case .agent: self = .agent(value)
        case .agentClass: self = .agentClass(value)
        case .principal: self = .principal(value)
        case .purpose: self = .purpose(value)
        case .audience: self = .audience(value)
        case .issuer: self = .issuer(value)
        case .subtree: self = .subtree(value)
        case .node: self = .node(value)
        case .all: self = .all
        }
    }
}

extension Selector {
    /// Why nobody can mean it, or nil.
    package var problem: String? {
        value.utf8.contains(UInt8(ascii: "*")) ? "'\(value)' has a '*' in it: a selector names one, exactly" : nil
    }

    /// As above, for what is made to cover grants: it covers nobody where its author meant several. What restricts may
    /// name whatever a grant's id can be.
    package var coveringProblem: String? {
        if let problem { return problem }
        if !value.isPrintable {
            return "'\(value.printed)' has a control character in it, or one that turns the direction of writing"
        }
        if let wildcard = value.unicodeScalars.first(where: { "*?[]{},".unicodeScalars.contains($0) }) {
            return "'\(value)' has a '\(wildcard)' in it: a selector names one, exactly"
        }
        if value.first?.isWhitespace == true || value.last?.isWhitespace == true {
            return "'\(value)' begins or ends with a space: a selector names one, exactly"
        }
        return nil
    }
}

extension Selector.Kind {
    /// As the command line's option is spelled, without the dashes.
    public var name: String {
        switch self {
        case .grant: "grant"
        case .run: "run"
        case .agent: "agent"
        case .agentClass: "agent-class"
        case .principal: "principal"
        case .purpose: "purpose"
        case .audience: "audience"
        case .issuer: "issuer"
        case .subtree: "subtree"
        case .node: "node"
        case .all: "all"
        }
    }
}

extension Selector: CustomStringConvertible {
    public var description: String {
        self == .all ? "all" : "\(kind.name) \(value)"
    }
}
