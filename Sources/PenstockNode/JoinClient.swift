internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Makes a member's keys where they will be used, and has the ledger admit them.
package enum JoinClient {
    package static func join(_ token: JoinTokenText, name: String, folder: String) throws -> Identity {
        let member = MemberFile(mesh: token.mesh, name: name, role: token.role, ledger: token.ledger)
        guard !FileManager.default.fileExists(atPath: folder + "/member.json") else {
            throw NodeError(.identity, "\(folder) holds an identity already; choose another name or folder")
        }
        let identity = try Identity.create(in: folder, member)
        do {
            try admit(identity, token)
            return identity
        } catch {
            // Keys that no ledger knows are worth nothing.
            for file in ["signing.key", "channel.key", "member.json"] { try? FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
            throw error
        }
    }

    private static func admit(_ identity: Identity, _ token: JoinTokenText) throws {
        let socket = try Socket(.dealer, security: .client(keys: identity.channel, serverKey: try token.ledger.channelKeyBytes()))
        defer { socket.close() }
        try socket.connect(token.ledger.join)
        let request = encode(Penstock_V1_JoinRequest.with {
            $0.version = WireVersion.request
            $0.token = Data(token.secret)
            $0.node = identity.keys.proto
            $0.signature = Data(identity.signing.sign(JoinTokenText.proof(secret: token.secret, keys: identity.keys)))
        })
        let deadline = Clocks.now() + 10 * .nanosecondsPerSecond
        let poller = Poller()
        while true {
            while socket.send(request) != .sent {
                guard Clocks.now() < deadline else { throw NodeError(.unreachable, "the ledger does not answer at \(token.ledger.join); is it running?") }
                Thread.sleep(forTimeInterval: 0.002)
            }
            let left = Int((deadline - Clocks.now()) / .nanosecondsPerMillisecond)
            _ = try poller.wait([socket], timeoutMilliseconds: max(1, left))
            guard case .message(let message)? = try socket.receive() else {
                throw NodeError(.unreachable, "the ledger does not answer at \(token.ledger.join); is it running?")
            }
            let reply = try decode(Penstock_V1_JoinReply.self, message.payload, "join reply")
            guard reply.hasRefused else { return }
            let refusal = Refusal(reply.refused)
            guard refusal.retryAfterMS > 0, Clocks.now() < deadline else { throw refusal }
            Thread.sleep(forTimeInterval: Double(refusal.retryAfterMS) / 1000)
        }
    }
}
