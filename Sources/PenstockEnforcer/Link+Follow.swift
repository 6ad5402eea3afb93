internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// Following the log: publications, what was fetched, and the urgent lane all end in `applyPage` and `applyUrgent`.
extension Link {
    /// Returns whether something came that had to be acknowledged.
    @discardableResult
    func takeUrgent() -> Bool {
        var acknowledged = false
        while case .message(let message)? = try? urgent.receive() {
            guard follower.phase == .live, let publication = try? decode(UrgentPublication.self, message.payload, "urgent publication") else { continue }
            if applyUrgent([UInt8](publication.event), at: publication.position) { acknowledged = true }
        }
        return acknowledged
    }

    /// Takes authority away at once, ahead of the log, and says so. Bad bytes change nothing.
    private func applyUrgent(_ entry: [UInt8], at position: Position) -> Bool {
        guard position > follower.applied, let event = try? SignedEvent(entry: entry), case .restricted = event.event.kind, verify(event) == nil else { return false }
        verified.insert(event.event.id)
        let effects = enforcer.core.withLock { follower.receivedUrgent(event.event, at: position, &$0.enforcement) }
        perform(effects)
        return !effects.asks.isEmpty
    }

    private func perform(_ effects: Follower.Effects) {
        send(effects.asks)
        let cancelled = effects.cancelled.map {
            Cancellation(decisionID: Enforcer.decisionID(enforcer.incarnation, $0.decision), reason: $0.reason, credential: $0.credential)
        }
        enforcer.observers.send(cancelled + (effects.isRestricted ? [Cancellation(decisionID: "", reason: .revoked)] : []))
    }

    func takeLog() {
        while case .message(let message)? = try? log.receive() {
            guard follower.phase == .live, let publication = try? decode(LogPublication.self, message.payload, "log publication") else { continue }
            applyPage(publication.events.map { [UInt8]($0) }, from: publication.first)
            if !publication.checkpoint.isEmpty { awaitingCosign.append((publication.checkpoint, Clocks.now())) }
            takeUrgent()
        }
    }

    /// Folds a page of consecutive entries; what is known is skipped, a gap is left to be fetched.
    func applyPage(_ entries: [[UInt8]], from first: Position) {
        guard follower.admits(first: first, count: entries.count, at: Clocks.now()) else { return }
        var effects = Follower.Effects()
        var acknowledges = false
        for (offset, entry) in entries.enumerated() where first + Position(offset) > follower.applied && follower.phase == .live {
            let position = first + Position(offset)
            do {
                let event = try SignedEvent(entry: entry)
                if !verified.take(event.event.id), let problem = verify(event) { throw EnforcerError(problem) }
                let restricts = try enforcer.core.withLock { try follower.apply(event.event, at: position, &$0.enforcement, &effects) }
                frontier.append(MerkleTree.leafHash(entry))
                roots.add(frontier.root, at: position)
                if restricts {
                    acknowledges = true
                    awaitingCheckpoint[position] = Clocks.now()
                }
            } catch {
                halt("log position \(position) cannot be followed: \(error)")
                return
            }
        }
        if acknowledges { effects.asks.append(.acknowledge(urgent: [], ended: false)) }
        perform(effects)
    }

    /// Nil when the origin is a member whose role may cause this kind, and signed it.
    private func verify(_ event: SignedEvent) -> String? {
        let member = enforcer.core.withLock { $0.enforcement.folded.member(event.event.origin) }
        guard let member else { return "its origin '\(event.event.origin)' is not a member" }
        guard Authority.permits(member.role, event.event.kind.name) else { return "a key of role \(member.role.name) caused a \(event.event.kind.name.rawValue)" }
        return verifier.verify(event, by: member) ? nil : "its signature does not verify"
    }

    // MARK: Cosigning

    /// Not at once: acknowledgements of the same restriction go first.
    func cosignDue(_ now: Instant) {
        while let (note, since) = awaitingCosign.first, now - since > 40 * .nanosecondsPerMillisecond {
            awaitingCosign.removeFirst()
            cosign(note)
        }
    }

    /// States "I have applied every entry below this size" under the ledger's checkpoint, if its root is the one folded here.
    func cosign(_ text: String) {
        guard let note = try? SignedNote(parsing: text), let checkpoint = try? Checkpoint(parsing: note.text) else { return }
        guard note.signatures.contains(where: { ledgerKey.verdict(on: $0, text: note.text) == .signed }) else { return }
        let folded = roots.root(at: checkpoint.size)
        let action = enforcer.core.withLock { follower.received(checkpointOf: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, folded: folded, &$0.enforcement) }
        switch action {
        case .cosign: break
        // It is asked for once the restriction that it covers is applied.
        case .wait, .drop: return
        case .tellLedger: return send([.acknowledge(urgent: [], ended: false)])
        }
        awaitingCheckpoint = awaitingCheckpoint.filter { $0.key > checkpoint.size }
        let signature = cosigner.cosign(checkpoint, unixSeconds: UInt64(Clocks.wall() / 1000))
        request(.cosign, retries: true, .cosign(.with {
            $0.size = checkpoint.size
            $0.line = signature.line
        }))
    }

    /// A restriction that was fetched came without its checkpoint.
    func askForCheckpoints(_ now: Instant) {
        for (position, since) in awaitingCheckpoint where now - since > 300 * .nanosecondsPerMillisecond {
            awaitingCheckpoint[position] = nil
            request(.checkpoint(position), .receipt(.with { $0.position = position }))
        }
    }
}
