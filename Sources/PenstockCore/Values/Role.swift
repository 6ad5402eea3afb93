/// What a key holder is. A key can cause only the event kinds of its role (`Authority`).
public enum Role: UInt8, Sendable, CaseIterable, Hashable {
    case ledger = 1, enforcer, issuer, `operator`, auditor

    public var name: String {
        switch self {
        case .ledger: "ledger"
        case .enforcer: "enforcer"
        case .issuer: "issuer"
        case .operator: "operator"
        case .auditor: "auditor"
        }
    }

    public init?(name: String) {
        guard let role = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = role
    }
}

/// A member of the mesh: its name and the two public keys that speak for it.
package struct NodeKeys: Hashable, Sendable {
    package var name: String
    package var role: Role
    /// Ed25519; signs events.
    package var signing: [UInt8]
    /// CURVE; identifies the channel.
    package var channel: [UInt8]

    package init(name: String, role: Role, signing: [UInt8], channel: [UInt8]) {
        self.name = name
        self.role = role
        self.signing = signing
        self.channel = channel
    }
}
