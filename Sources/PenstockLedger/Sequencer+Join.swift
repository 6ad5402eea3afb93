internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Joining has a socket of its own, since any key may connect there: one bounded message, and not many a second.
extension Sequencer {
    func takeJoins() {
        var batch = Batch()
        while batch.joiners.count < 16, let inbound = try? joins.receive() {
            guard case .message(let message) = inbound, let route = message.route, message.payload.count <= 4096 else {
                count("refused_join_malformed")
                continue
            }
            guard admitsJoin(at: Clocks.now()) else {
                answerJoin(route, refusal: Refusal(.busy, "too many attempts to join", retryAfterMS: 1000))
                continue
            }
            do {
                try join(message.payload, route, &batch)
            } catch let refusal as Refusal {
                answerJoin(route, refusal: refusal)
            } catch {
                halt("\(error)")
            }
        }
        if !batch.events.isEmpty { _ = commit(&batch) }
    }

    private func admitsJoin(at now: Instant) -> Bool {
        if now - joinWindow.startedAt > .nanosecondsPerSecond { joinWindow = (now, 0) }
        joinWindow.count += 1
        return joinWindow.count <= Limits.joinsPerSecond
    }

    private func join(_ payload: [UInt8], _ route: RoutingID, _ batch: inout Batch) throws {
        let now = Clocks.now()
        try ledger.checkServing()
        let request: Penstock_V1_JoinRequest
        let keys: NodeKeys
        do {
            request = try decode(Penstock_V1_JoinRequest.self, payload, "join request")
            keys = try NodeKeys(request.node)
        } catch {
            throw Refusal(error)
        }
        guard request.version == WireVersion.request else { throw Refusal(.oldVersion, "join version \(request.version) is not \(WireVersion.request)") }
        let secret = [UInt8](request.token)
        guard let key = PublicKey(keys.signing),
            Verifier(key).verify(signature: [UInt8](request.signature), message: JoinTokenText.proof(secret: secret, keys: keys))
        else { throw Refusal(.badSignature, "the node did not prove that it holds its key") }
        let event = signer.sign(.nodeAdmitted(keys, tokenHash: SHA256.hash(secret)), at: ledger.stamp(at: now))
        let position = try ledger.stage(event.event, at: now)
        batch.add(event, at: position)
        batch.joiners.append((route, position))
    }

    func answerJoin(_ route: RoutingID, position: Position = 0, refusal: Refusal? = nil) {
        if let refusal { count("refused_join_\(refusal.code.rawValue)") }
        _ = joins.send(encode(Penstock_V1_JoinReply.with {
            $0.position = position
            if let refusal { $0.refused = refusal.proto }
        }), to: route)
    }
}
