internal import CMalloc
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

extension Link {
    func takeReplies() {
        while case .message(let message)? = try? dealer.receive() {
            guard let reply = try? Reply(bytes: message.payload), let waiting = outstanding.removeValue(forKey: reply.id) else { continue }
            if case .refused(let refused)? = reply.kind {
                take(Refusal(refused), waiting)
            } else {
                take(reply.kind!, waiting)
            }
        }
    }

    private func take(_ reply: Reply.OneOf_Kind, _ waiting: Outstanding) {
        switch (waiting.purpose, reply) {
        case (.echo, .echo(let echo)): renewed(echo)
        case (.snapshot, .snapshot(let chunk)): loaded(chunk)
        case (.fetch, .fetched(let page)):
            applyPage(page.events.map { [UInt8]($0) }, from: page.first)
            aim(at: page.head)
            behindSince = target > applied ? 0 : behindSince
        case (.reserve(let account, _), .reserved(let reserved)):
            enforcer.core.withLock { _ = $0.enforcement.granted(reserved.slice, amount: reserved.amount, account: account) }
        case (.shipment(let first, let count, let digest, let incarnation), .decisions(let reply)):
            stored(reply.through, first: first, count: count, digest: digest, incarnation: incarnation)
        case (.shipped(let through), .submitted): shipped(through)
        case (.checkpoint, .receipt(let receipt)): cosign(receipt.checkpoint)
        case (.openSlices, .budgets(let reply)): closePredecessors(reply.budgets.first?.slices ?? [])
        default: break
        }
    }

    private func take(_ refusal: Refusal, _ waiting: Outstanding) {
        switch refusal.code {
        case .diverged: return halt("\(refusal.message); an operator must find out which log is the newest")
        case .retired: return halt(refusal.message)
        default: break
        }
        switch waiting.purpose {
        case .prefix:
            guard phase == .checkingPrefix else { return }
            // The incarnation is new to the ledger, which is all it can object to when the logs agree.
            if refusal.code == .notPermitted { phase = .loading } else { timers.start = Clocks.now() + 200 * .nanosecondsPerMillisecond }
        case .reserve(let account, let need):
            let reason: Reason =
                switch refusal.code {
                case .budgetExhausted: .budgetExhausted
                case .budgetHeldElsewhere: .budgetHeldElsewhere
                case .revoked: .revoked
                default: .budgetPending
                }
            enforcer.core.withLock { core in
                core.enforcement.reserveRefused(account: account)
                if need > 0 { core.refusals[account] = .init(reason: reason, need: need, at: Clocks.now()) }
            }
        case .closing where refusal.code == .predecessorAlive: predecessorsClosed = false
        case .closing, .report:
            if refusal.retryAfterMS == 0 { logger.warning("a report was refused", metadata: ["why": "\(refusal)"]) }
        case .snapshot: load = nil
        case .shipment(let first, let count, _, _) where refusal.code == .exists: skip(through: first + UInt64(count) - 1, refusal.message)
        case .echo, .ack, .fetch, .shipment, .shipped, .cosign, .checkpoint, .openSlices: break
        }
    }

    private func renewed(_ echo: Penstock_V1_EchoReply) {
        let reply = EchoReply(nonce: echo.nonce, epoch: echo.epoch, head: echo.head, ledgerTime: echo.ledgerTimeMs)
        let outcome = enforcer.core.withLock { $0.enforcement.echoAnswered(reply, at: Clocks.now()) }
        if case .fetch(let head) = outcome { aim(at: head) }
        seen.epoch = max(seen.epoch, echo.epoch)
    }

    // MARK: Snapshot

    struct SnapshotLoad {
        var position: Position
        var epoch: UInt64
        var digest: Digest
        var signature: [UInt8]
        var frontier: [Digest]
        var head: Position
        var bytes: [UInt8]
        var received: Int
        var requested: Int
    }

    private func loaded(_ chunk: Penstock_V1_SnapshotChunk) {
        guard phase == .loading else { return }
        if chunk.offset == 0 {
            guard chunk.totalBytes < 8 << 30, let digest = Digest([UInt8](chunk.digest)) else { return halt("the ledger's snapshot makes no sense") }
            load = SnapshotLoad(
                position: chunk.position, epoch: chunk.epoch, digest: digest, signature: [UInt8](chunk.signature),
                frontier: chunk.frontier.compactMap { Digest([UInt8]($0)) }, head: chunk.head,
                bytes: [UInt8](repeating: 0, count: Int(chunk.totalBytes)), received: 0, requested: chunk.bytes.count)
        }
        guard load != nil, load!.position == chunk.position, Int(chunk.offset) + chunk.bytes.count <= load!.bytes.count else { return }
        load!.bytes.replaceSubrange(Int(chunk.offset)..<Int(chunk.offset) + chunk.bytes.count, with: chunk.bytes)
        load!.received += chunk.bytes.count
        if load!.received == load!.bytes.count {
            let complete = load!
            load = nil
            open(complete)
        } else {
            requestChunks()
        }
    }

    /// Keeps a few chunks on the way, so that the link is never idle.
    private func requestChunks() {
        while load!.requested < load!.bytes.count, outstanding.count < 8 {
            let (position, offset) = (load!.position, load!.requested)
            load!.requested = min(offset + Limits.pageBytes, load!.bytes.count)
            request(.snapshot, retries: true, .snapshot(.with {
                $0.position = position
                $0.offset = UInt64(offset)
            }))
        }
    }

    private func open(_ snapshot: SnapshotLoad) {
        let message = SnapshotSignature.message(position: snapshot.position, epoch: snapshot.epoch, digest: snapshot.digest)
        guard SHA256.hash(snapshot.bytes) == snapshot.digest, ledgerVerifier.verify(signature: snapshot.signature, message: message) else {
            return halt("the snapshot is not the one that the ledger signed")
        }
        do {
            let view = try SnapshotCodec.decode(snapshot.bytes)
            guard view.mesh == identity.member.mesh, view.position == snapshot.position else { throw EnforcerError("it is of mesh '\(view.mesh)', position \(view.position)") }
            guard let frontier = MerkleFrontier(size: snapshot.position, hashes: snapshot.frontier) else { throw EnforcerError("its tree makes no sense") }
            self.frontier = frontier
            applied = snapshot.position
            roots.add(frontier.root, at: applied)
            enforcer.core.withLock { $0.enforcement.load(view) }
        } catch {
            return halt("the snapshot cannot be used: \(error)")
        }
        // What loading took goes back to the system.
        malloc_trim(0)
        phase = .live
        aim(at: snapshot.head)
        behindSince = 0
        logger.info("view loaded", metadata: ["position": "\(applied)"])
    }
}
