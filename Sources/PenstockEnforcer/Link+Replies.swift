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
            guard let reply = try? Reply(bytes: message.payload) else { continue }
            if case .recall(let recall)? = reply.kind {
                enforcer.core.withLock { follower.recalled(recall.units.map { ($0.grantID, $0.unit) }, &$0.enforcement) }
                continue
            }
            switch reply.kind! {
            case .refused(let refused): take(Refusal(refused), reply.id)
            case .reserved(let reserved) where reserved.granted.isEmpty: if let purpose = outstanding.takeInVain(reply.id) { take(reply.kind!, purpose) }
            case let kind: if let purpose = outstanding.take(reply.id) { take(kind, purpose) }
            }
        }
    }

    private func take(_ reply: Reply.OneOf_Kind, _ purpose: Purpose) {
        switch (purpose, reply) {
        case (.ask(.echo), .echo(let echo)):
            let reply = EchoReply(
                nonce: echo.nonce, epoch: echo.epoch, head: echo.head, ledgerTime: echo.ledgerTimeMs, latest: echo.latestMs == 0 ? nil : echo.latestMs,
                rates: echo.hasRates ? RateReply(echo.rates) : nil)
            enforcer.core.withLock { follower.answered(reply, &$0.enforcement, at: Clocks.now()) }
            seen.epoch = max(seen.epoch, echo.epoch)
        case (.ask(.snapshot), .snapshot(let chunk)): loaded(chunk)
        case (.ask(.fetch), .fetched(let page)):
            applyPage(page.events.map { [UInt8]($0) }, from: page.first)
            follower.fetched(head: page.head, at: Clocks.now())
        case (.ask(.reserve(let reserve, _)), .reserved(let reserved)):
            enforcer.core.withLock { core in
                let now = Clocks.now()
                for lack in follower.answered(reserve, granted: reserved.granted, refused: reserved.refusals, &core.enforcement, at: now) {
                    core.refusals[lack.part.account] = .init(lack: lack, at: now)
                }
            }
        case (.ask(let ask), .submitted): enforcer.core.withLock { follower.taken(ask, &$0.enforcement) }
        case (.ask(.openSlices), .budgets(let reply)): inherit(reply)
        case (.shipment(let first, let count), .submitted): shipped(first + UInt64(count) - 1)
        case (.shipment(let first, let count), .decisions(let reply)): stored(reply.through, first: first, count: count)
        case (.checkpoint, .receipt(let receipt)): cosign(receipt.checkpoint)
        default: break
        }
    }

    /// Slices come page by page; one that does not follow on the last is of an answer that was given up.
    private func inherit(_ page: Penstock_V1_BudgetReply) {
        if page.afterSlice == 0 { openSlices = [] }
        guard page.afterSlice == openSlices.last?.slice ?? 0 else { return }
        openSlices += page.budgets.first?.slices ?? []
        guard page.nextSlice == 0 else { return askForSlices(after: page.nextSlice) }
        defer { openSlices = [] }
        let open = openSlices.compactMap { slice in
            Incarnation([UInt8](slice.incarnation)).map { Follower.HeldSlice(slice: slice.slice, incarnation: $0, amount: slice.amount - slice.returned, used: slice.used) }
        }
        let asks = enforcer.core.withLock { follower.answered(open, $0.enforcement) }
        send(asks)
    }

    private func take(_ refusal: Refusal, _ id: UInt64) {
        guard let (purpose, stays) = outstanding.refused(id, refusal, at: Clocks.now()) else { return }
        switch purpose {
        case .ask(let ask):
            enforcer.core.withLock { core in
                follower.refused(ask, refusal, &core.enforcement, at: Clocks.now())
                guard case .reserve(let reserve, _) = ask else { return }
                for part in reserve.parts where part.need > 0 {
                    core.refusals[part.account] = .init(lack: .init(part, .init("", refusal.code), core.enforcement), at: Clocks.now())
                }
            }
            switch ask {
            case .report, .close:
                if !stays { logger.warning("a report was refused", metadata: ["why": "\(refusal)"]) }
            case .owe(let debt):
                if !stays, refusal.code != .exists { logger.error("a debt was refused for good, and nobody charges it", metadata: ["debt": "\(debt)", "why": "\(refusal)"]) }
            case .snapshot: load = nil
            default: break
            }
        case .shipment(let first, let count) where refusal.code == .exists: skip(through: first + UInt64(count) - 1, refusal.message)
        case .shipment: if !stays { timers.shipAgain = Clocks.now() + .nanosecondsPerSecond }
        case .cosign, .checkpoint: break
        }
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
        guard follower.phase == .loading else { return }
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
            request(.ask(.snapshot), retries: true, .snapshot(.with {
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
            guard view.position == snapshot.position else { throw EnforcerError("it is of position \(view.position)") }
            guard let frontier = MerkleFrontier(size: snapshot.position, hashes: snapshot.frontier) else { throw EnforcerError("its tree makes no sense") }
            self.frontier = frontier
            roots.add(frontier.root, at: snapshot.position)
            enforcer.core.withLock { follower.loaded(view, head: snapshot.head, into: &$0.enforcement, at: Clocks.now()) }
        } catch {
            return halt("the snapshot cannot be used: \(error)")
        }
        guard follower.phase == .live else { return }
        // What loading took goes back to the system.
        malloc_trim(0)
        logger.info("view loaded", metadata: ["position": "\(snapshot.position)"])
    }
}
