/// The second step of a decision: an allow is always recorded by itself, a denial by itself or by a count.
extension Shard {
    /// Records before anyone hears the answer.
    mutating func record(
        _ call: borrowing Call, _ verdict: inout Verdict, _ node: borrowing NodeState, at now: Instant,
        _ journal: some DecisionJournal
    ) {
        guard verdict.isAllow else { return recordDenial(call, &verdict, node, at: now, journal) }
        let room = journal.room
        if !room.isCrowded {
            shares.relax()
        } else if !shares.takes(
            DecisionRecord.byteCount(call, verdict, debits: debits.count), grant: verdict.grant, room)
        {
            undo(held: call.holds)
            verdict.reason = .busy
            return recordDenial(call, &verdict, node, at: now, journal)
        }
        let grant = node.view.position(ofGrant: verdict.grant)
        guard let sequence = journal.record(call, verdict, debits, grant: grant) else {
            undo(held: call.holds)
            verdict.reason = .unrecordable
            return count(call, &verdict, node, at: now)
        }
        verdict.sequence = sequence
    }

    /// Denies a call that was to wait for what has not come.
    package mutating func deny(
        _ call: borrowing Call, _ pending: Verdict, _ reason: Reason, under node: borrowing NodeState,
        journal: some DecisionJournal
    ) -> Verdict {
        var verdict = pending
        verdict.reason = reason
        recordDenial(call, &verdict, node, at: journal.now, journal)
        counts.add(verdict)
        return verdict
    }

    /// Nobody fills the journal by being denied: past a few of a kind, and where room is kept for others, it is
    /// counted.
    private mutating func recordDenial(
        _ call: borrowing Call, _ verdict: inout Verdict, _ node: borrowing NodeState, at now: Instant,
        _ journal: some DecisionJournal
    ) {
        if tally.isDue(at: now) { recordCounts(at: now, journal: journal) }
        let source = source(call, verdict, node)
        guard tally.samples(source, at: now), journal.room.takesDenials else {
            return count(call, &verdict, node, at: now)
        }
        guard let sequence = journal.record(call, verdict, [], grant: source.grant) else {
            count(call, &verdict, node, at: now)
            verdict.isUnwritable = true
            return
        }
        tally.noteRecorded(source, at: now)
        verdict.sequence = sequence
    }

    private mutating func count(
        _ call: borrowing Call, _ verdict: inout Verdict, _ node: borrowing NodeState, at now: Instant
    ) {
        tally.count(source(call, verdict, node), at: now)
        verdict.isUnwritable = verdict.reason == .unrecordable
    }

    /// Writes down what was counted, once its slice of time has ended: on the next denial, or as time passes.
    package mutating func recordCounts(at now: Instant, journal: some DecisionJournal) {
        guard tally.isDue(at: now) else { return }
        tally.endSlice(at: now) { journal.room.takesDenials && journal.record($0) != nil }
    }

    /// The last chance to write down what was counted, at a clean stop.
    package mutating func recordLastCounts(at now: Instant, journal: some DecisionJournal) {
        tally.endSlice(at: now) { journal.record($0) != nil }
    }

    /// What is recorded in any case takes of its grant's share.
    mutating func noteEnd(_ bytes: Int, grant: Int32, _ journal: some DecisionJournal) {
        if journal.room.isCrowded { shares.add(bytes, grant: grant) }
    }

    private func source(_ call: borrowing Call, _ verdict: Verdict, _ node: borrowing NodeState) -> DenialTally.Source {
        .init(door: call.door, reason: verdict.reason, grant: node.view.position(ofGrant: verdict.grant))
    }
}
