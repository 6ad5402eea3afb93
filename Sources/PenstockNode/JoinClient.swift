internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Makes a member's keys where they will be used, and has the ledger admit them.
///
/// The keys are durable before the ledger hears of them, and `member.json`, which makes an identity of them, comes
/// last. So whatever ends this in between, the same command goes on with the same keys: the ledger admits them once,
/// and says so again.
package enum JoinClient {
    /// - Parameter admitted: what else is to be noted, before the identity is one: it may come again.
    package static func join(
        _ token: JoinTokenText, name: String, folder: String, admitted: (Identity) throws -> Void = { _ in }
    ) throws -> Identity {
        try PrivateFile.makeFolder(folder)
        return try FolderLock.hold(folder) { try joinAlone(token, name, folder, admitted) }
    }

    private static func joinAlone(
        _ token: JoinTokenText, _ name: String, _ folder: String, _ admitted: (Identity) throws -> Void
    ) throws -> Identity {
        let member = MemberFile(mesh: token.mesh, name: name, role: token.role, ledger: token.ledger)
        guard !FileManager.default.fileExists(atPath: folder + "/member.json") else {
            throw NodeError(.identity, "\(folder) holds an identity already; choose another name or folder")
        }
        let (identity, areNew) = try Identity.makeKeys(in: folder, member)
        var isAsked = false
        do {
            try admit(identity, token, &isAsked)
        } catch {
            // What was asked and not answered may have been done, and what is to be asked again may come to be.
            if areNew, !isAsked || (error as? Refusal)?.retryAfterMS == 0 { identity.removeKeys() }
            throw error
        }
        do {
            try admitted(identity)
            try identity.saveMember()
        } catch {
            throw NodeError(
                .configuration,
                """
                \(printed(error)); the ledger has admitted '\(name)': join again with a new token, and it goes on \
                with the keys in \(folder)
                """
            )
        }
        return identity
    }

    private static func admit(_ identity: Identity, _ token: JoinTokenText, _ isAsked: inout Bool) throws {
        let socket = try Socket(
            .dealer, security: .client(keys: identity.channel, serverKey: try token.ledger.channelKeyBytes()))
        defer { socket.close() }
        try socket.connect(token.ledger.join)
        let request = encode(
            Penstock_V1_JoinRequest.with {
                $0.version = WireVersion.request
                $0.token = Data(token.secret)
                $0.node = identity.keys.proto
                $0.signature = Data(
                    identity.signing.sign(JoinTokenText.proof(secret: token.secret, keys: identity.keys)))
            })
        let deadline = Clocks.now() + 10 * .nanosecondsPerSecond
        let poller = Poller()
        while true {
            while socket.send(request) != .sent {
                guard Clocks.now() < deadline else {
                    throw NodeError(.unreachable, "the ledger does not answer at \(token.ledger.join); is it running?")
                }
                SystemThread.sleep(milliseconds: 2)
            }
            isAsked = true
            let left = Int((deadline - Clocks.now()) / .nanosecondsPerMillisecond)
            _ = try poller.wait([socket], timeoutMilliseconds: max(1, left))
            guard case .message(let message)? = try socket.receive() else {
                throw NodeError(
                    .unreachable,
                    """
                    the ledger does not answer at \(token.ledger.join); is it running? Join again with a new \
                    token: it goes on with the keys in \(identity.folder)
                    """
                )
            }
            let reply = try decode(Penstock_V1_JoinReply.self, message.payload, "join reply")
            guard reply.hasRefused else { return }
            let refusal = Refusal(reply.refused)
            // The last refusal says more than silence does.
            guard refusal.retryAfterMS > 0, Clocks.later(byMS: Int64(refusal.retryAfterMS) + 250) < deadline else {
                throw refusal
            }
            SystemThread.sleep(milliseconds: Int(refusal.retryAfterMS))
        }
    }
}
