/// Cosigning: "I have applied every entry below this size."
extension Follower {
    /// Checkpoints that wait to be cosigned, and restrictions whose checkpoint has not come.
    struct CheckpointBook: Sendable {
        private var notes: [(note: String, since: Instant)] = []
        private var missing: [Position: Instant] = [:]

        mutating func published(_ note: String, at now: Instant) {
            // One that falls out is asked for again.
            if notes.count == Limits.checkpointsWaiting { notes.removeFirst() }
            notes.append((note, now))
        }

        mutating func restricted(at position: Position, _ now: Instant) {
            if missing.count == Limits.checkpointsWaiting, let oldest = missing.keys.min() { missing[oldest] = nil }
            missing[position] = now
        }

        mutating func cosigned(size: Position) { missing = missing.filter { $0.key > size } }

        /// Not at once: acknowledgements of the same restriction go first.
        mutating func notesDue(at now: Instant) -> [String] {
            let due = notes.prefix { now - $0.since > 40 * .nanosecondsPerMillisecond }.map(\.note)
            notes.removeFirst(due.count)
            return due
        }

        /// Restrictions that were fetched, so that their checkpoint was not published with them.
        mutating func missingDue(at now: Instant) -> [Position] {
            guard !missing.isEmpty else { return [] }
            let due = missing.filter { now - $0.value > 300 * .nanosecondsPerMillisecond }.keys.sorted()
            for position in due { missing[position] = nil }
            return due
        }
    }

    mutating func checkpointsDue(at now: Instant) {
        pending.after += checkpoints.notesDue(at: now).map { .openCheckpoint(note: $0) }
        pending.asks += checkpoints.missingDue(at: now).map { .checkpoint(of: $0) }
    }

    mutating func cosign(_ origin: String, _ size: Position, _ root: Digest, _ enforcement: inout Enforcement) {
        let action = received(
            checkpointOf: origin, size: size, root: root, folded: roots.root(at: size), &enforcement)
        switch action {
        case .cosign:
            checkpoints.cosigned(size: size)
            pending.asks.append(.cosign(size: size, root: root))
        // It is asked for once the restriction that it covers is applied.
        case .wait, .drop: break
        case .tellLedger: pending.asks.append(.acknowledge(urgent: [], ended: false))
        }
    }

    /// A checkpoint that the ledger signed, of its log of this origin.
    ///
    /// - Parameter folded: the root of the log that this node has folded, at the checkpoint's size; nil when it is
    ///   forgotten.
    package mutating func received(
        checkpointOf origin: String, size: Position, root: Digest, folded: Digest?, _ enforcement: inout Enforcement
    ) -> CheckpointAction {
        guard phase == .live, origin == mesh else { return .drop }
        guard size <= applied else { return .wait }
        guard let folded else { return .drop }
        guard root == folded else {
            halt(
                "the ledger signed a root at position \(size) that is not the root of the log it published",
                &enforcement)
            return .tellLedger
        }
        return .cosign
    }

    package enum CheckpointAction: Equatable, Sendable {
        /// The node has applied every entry below its size, and they are what the ledger signed.
        case cosign
        /// It is ahead of the view: what it covers is yet to be folded.
        case wait
        case drop
        /// One log is not the other's prefix. This node has halted; the root that it has folded makes the ledger halt
        /// too.
        case tellLedger
    }
}
