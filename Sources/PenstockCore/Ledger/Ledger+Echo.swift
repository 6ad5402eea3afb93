/// How far an enforcer has come with the log, as it says itself.
package struct NodeProgress: Hashable, Sendable {
    package var incarnation: Incarnation
    package var applied: Position
    /// The highest position that it has heard of in any way: applied, on the urgent lane, or as a slice it holds.
    package var heard: Position
    /// Restrictions ahead of `applied` that it has taken from the urgent lane.
    package var urgent: [Position] = []
    /// It admits nothing from here on.
    package var ended = false
    package var version = ""
    package var viewAgeMS: UInt32 = 0

    package init(incarnation: Incarnation, applied: Position, heard: Position) {
        self.incarnation = incarnation
        self.applied = applied
        self.heard = heard
    }
}

extension Ledger {
    /// Enters an echo in the table, before the log is read for it.
    ///
    /// - Parameter agrees: the root that it names for `applied` is this log's.
    package mutating func register(_ progress: NodeProgress, from sender: NodeKeys, agrees: Bool, at now: Instant)
        throws(Refusal)
    {
        guard sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer holds a lease") }
        try admit(progress.incarnation, from: sender)
        try learn(progress, from: sender, agrees: agrees)
        try checkServing()
        try checkLeases()
        try checkNotRetired(progress.incarnation)
        // It counts as fenced from its last word on.
        guard presence.presences[progress.incarnation]?.ended != true else { throw Self.ended }
        guard presence.mayRenew(progress.incarnation, applied: progress.applied, at: now) else {
            _ = presence.acked(
                progress.incarnation, node: sender.name, applied: progress.applied, urgent: [], ended: false, at: now)
            throw Refusal(
                .behind,
                """
                the view lacks restrictions that every node has by now; fetch from position \(progress.applied + 1), \
                and echo then
                """,
                retryAfterMS: 20)
        }
        guard presence.makeRoom(for: progress.incarnation, node: sender.name, at: now) else {
            throw Refusal(
                .busy,
                """
                \(Limits.incarnationsPerNode) incarnations of '\(sender.name)' may hold a lease, the limit; one of \
                them must run out first
                """,
                retryAfterMS: 200)
        }
        presence.echoed(progress.incarnation, node: sender.name, at: now)
        presence.described(progress.incarnation, version: progress.version, viewAgeMS: progress.viewAgeMS)
        _ = presence.acked(
            progress.incarnation, node: sender.name, applied: progress.applied, urgent: [], ended: false, at: now)
    }

    /// Answers a registered echo, from a read of the log that began after it was registered: a lease is given, so it
    /// enters the table again. The ledger halts when the log of record is not what this process has folded.
    ///
    /// - Parameter stated: what the node says of rates, which enters the table of rates now.
    package mutating func answer(
        _ progress: NodeProgress, nonce: UInt64, rates stated: RateStatement?, from sender: NodeKeys,
        readHead head: Position, readEpoch epoch: UInt64,
        at now: Instant
    ) throws(Refusal) -> EchoReply {
        try checkServing()
        try checkLeases()
        guard isCurrent(head, epoch) else {
            halt("the log of record is at \(head) in epoch \(epoch), which is not what this process has written")
            throw Refusal(.halted, "the ledger has stopped: the log of record is not its own")
        }
        // What became durable since it was registered may have ended its right to a lease.
        guard state.epoch == epoch else { throw Refusal(.busy, "the ledger is starting", retryAfterMS: 20) }
        guard state.view.member(sender.name) == sender else { throw Refusal(.notPermitted, "the node was expelled") }
        try checkNotRetired(progress.incarnation)
        presence.echoed(progress.incarnation, node: sender.name, at: now)
        let told = stated.flatMap { stated in
            rates?.answer(stated, of: progress.incarnation, at: now) { [state, startedAt] key in
                state.view.rate(key).map { RateTable.Definition($0.rate, isOfThisProcess: $0.position > startedAt) }
            }
        }
        let time = time.reading(at: now)
        return EchoReply(
            nonce: nonce, epoch: epoch, head: head, ledgerTime: time.earliest, latest: time.latest, rates: told)
    }

    /// A lease is given only while the revoke that would end it can be made durable.
    private func checkLeases() throws(Refusal) {
        guard !mayGiveLeases else { return }
        throw Refusal(.full, "no lease is given while the log cannot be written", retryAfterMS: 1000)
    }

    private func checkNotRetired(_ incarnation: Incarnation) throws(Refusal) {
        guard state.retired.contains(incarnation) else { return }
        throw Refusal(.retired, "a successor has closed this incarnation's slices; restart the node")
    }

    /// Returns requests for slices that waited: an incarnation that ends would neither spend what it gets nor give it
    /// back.
    package mutating func acknowledge(_ progress: NodeProgress, from sender: NodeKeys, agrees: Bool, at now: Instant)
        throws(Refusal) -> [SliceRequest]
    {
        guard sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer acknowledges") }
        try admit(progress.incarnation, from: sender)
        guard progress.urgent.count <= Limits.urgentPerAck else {
            throw Refusal(.malformed, "too many positions in one acknowledgement")
        }
        try learn(progress, from: sender, agrees: agrees)
        var known = progress
        known.urgent = progress.urgent.filter { barriers[$0] != nil }
        guard
            presence.acked(
                known.incarnation, node: sender.name, applied: known.applied, urgent: known.urgent, ended: known.ended,
                at: now)
        else {
            throw Refusal(.notPermitted, "the incarnation is unknown")
        }
        guard known.ended else { return [] }
        rates?.ended(known.incarnation, at: now)
        let over = reserves.map(\.request).filter { $0.incarnation == known.incarnation }
        reserves.removeAll { $0.request.incarnation == known.incarnation }
        return over
    }

    /// A node that is ahead of this log, or has folded other events, proves that one of the two logs is not the other's
    /// prefix: which is the right one, an operator must find out.
    private mutating func learn(_ progress: NodeProgress, from sender: NodeKeys, agrees: Bool) throws(Refusal) {
        guard progress.heard <= state.view.position, agrees else {
            let detail =
                progress.heard > state.view.position
                ? "it has heard of position \(progress.heard), this log ends at \(state.view.position)"
                : "its root at position \(progress.applied) differs"
            halt(
                """
                node '\(sender.name)' has folded another log: \(detail). If this log was restored from a backup, \
                restore the newest one
                """
            )
            throw Refusal(.diverged, "this ledger's log is not the one that the node has folded: \(detail)")
        }
        awaited.remove(sender.name)
    }
}
