internal import Foundation
package import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// What an operator hands to whoever sets up a node: `pstjoin_` + base64url. It is a secret until it is used.
package struct JoinTokenText: Sendable {
    package var secret: [UInt8]
    package var mesh: String
    package var role: Role
    package var ledger: LedgerAddress

    package init(secret: [UInt8], mesh: String, role: Role, ledger: LedgerAddress) {
        self.secret = secret
        self.mesh = mesh
        self.role = role
        self.ledger = ledger
    }

    /// The hash that the log keeps.
    package var hash: Digest { SHA256.hash(secret) }

    static let prefix = "pstjoin_"

    package var text: String {
        let proto = Penstock_V1_JoinToken.with {
            $0.secret = Data(secret)
            $0.mesh = mesh
            $0.role = role.proto
            $0.ledger = .with {
                $0.name = ledger.name
                $0.requests = ledger.requests
                $0.log = ledger.log
                $0.urgent = ledger.urgent
                $0.join = ledger.join
                $0.channelKey = Data(ledger.channelKey.utf8)
                $0.signingKey = Data(ledger.signingKey.utf8)
            }
        }
        return Self.prefix + Base64URL.encode(encode(proto))
    }

    package init(parsing text: String) throws(NodeError) {
        guard text.hasPrefix(Self.prefix), text.utf8.count < 4096,
            let bytes = Base64URL.decode(String(text.dropFirst(Self.prefix.count))),
            let proto = try? decode(Penstock_V1_JoinToken.self, bytes, "join token"), proto.secret.count == 32,
            let role = try? Role(proto.role)
        else {
            throw NodeError(
                .configuration, "this is no join token; paste the whole line that 'penstock node token' printed")
        }
        let ledger = LedgerAddress(
            name: proto.ledger.name, requests: proto.ledger.requests, log: proto.ledger.log,
            urgent: proto.ledger.urgent,
            join: proto.ledger.join, channelKey: String(decoding: proto.ledger.channelKey, as: UTF8.self),
            signingKey: String(decoding: proto.ledger.signingKey, as: UTF8.self))
        self.init(secret: [UInt8](proto.secret), mesh: proto.mesh, role: role, ledger: ledger)
    }

    /// What the new node signs to prove that it has its key.
    package static func proof(secret: [UInt8], keys: NodeKeys) -> [UInt8] {
        Array("penstock join v1\n".utf8) + secret + encode(keys.proto)
    }
}
