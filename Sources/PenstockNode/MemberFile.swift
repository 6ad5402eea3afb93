package import PenstockCore
package import PenstockCrypto
internal import PenstockTransport

/// What is public in an identity's folder.
package struct MemberFile: Codable, Sendable, Hashable {
    package var mesh: String
    package var name: String
    package var roleName: String
    package var ledger: LedgerAddress
    /// Of a ledger: the host that it listens on, where that is another than the one that others connect to.
    package var listen: String?

    package var role: Role { Role(name: roleName) ?? .auditor }

    enum CodingKeys: String, CodingKey {
        case mesh, name, roleName = "role", ledger, listen
    }

    package init(mesh: String, name: String, role: Role, ledger: LedgerAddress) {
        self.mesh = mesh
        self.name = name
        roleName = role.name
        self.ledger = ledger
    }
}

/// Where the ledger listens, and the keys by which it is known.
package struct LedgerAddress: Codable, Sendable, Hashable {
    package var name: String
    package var requests: String
    package var log: String
    package var urgent: String
    package var join: String
    /// Z85.
    package var channelKey: String
    /// Hexadecimal.
    package var signingKey: String

    enum CodingKeys: String, CodingKey {
        case name, requests, log, urgent, join, channelKey = "channel_key", signingKey = "signing_key"
    }

    package init(
        name: String, requests: String, log: String, urgent: String, join: String, channelKey: String,
        signingKey: String
    ) {
        self.name = name
        self.requests = requests
        self.log = log
        self.urgent = urgent
        self.join = join
        self.channelKey = channelKey
        self.signingKey = signingKey
    }

    package func channelKeyBytes() throws(NodeError) -> [UInt8] {
        guard let key = Z85.decode(channelKey), key.count == 32 else {
            throw NodeError(.identity, "the ledger's channel key is no Z85 key of 40 characters")
        }
        return key
    }

    package func verifier() throws(NodeError) -> Verifier {
        guard let bytes = Hex.decode(signingKey), let key = PublicKey(bytes) else {
            throw NodeError(.identity, "the ledger's signing key is no hexadecimal key of 64 digits")
        }
        return Verifier(key)
    }
}
