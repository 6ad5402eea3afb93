/// How answers are recorded: an allow always by itself, a denial by itself or by a count.
extension Enforcement {
    /// Records before anyone hears the answer.
    mutating func record(_ call: borrowing Call, _ verdict: inout Verdict, at now: Instant, _ journal: some DecisionJournal) {
        guard verdict.isAllow else { return recordDenial(call, &verdict, at: now, journal) }
        let room = journal.room
        if !room.isCrowded {
            shares.relax()
        } else if !shares.takes(DecisionRecord.byteCount(call, verdict, debits: debits.count), grant: verdict.grant, room) {
            undo(held: call.holds)
            verdict.reason = .busy
            return recordDenial(call, &verdict, at: now, journal)
        }
        let taken = debits
        guard let sequence = journal.record(call, verdict, taken, grant: position(ofGrant: verdict.grant)) else {
            undo(held: call.holds)
            verdict.reason = .unrecordable
            return count(call, &verdict, at: now)
        }
        verdict.sequence = sequence
        if !confirm(&verdict, held: call.holds, now: journal.now) {
            void(call, verdict, sequence, taken, journal)
        } else if call.holds || !call.callID.isEmpty {
            register(call, verdict, journal)
        }
    }

    /// Denies a call that was to wait for what has not come.
    package mutating func deny(_ call: borrowing Call, _ pending: Verdict, _ reason: Reason, journal: some DecisionJournal) -> Verdict {
        var verdict = pending
        verdict.reason = reason
        recordDenial(call, &verdict, at: journal.now, journal)
        return verdict
    }

    /// Nobody fills the journal by being denied: past a few of a kind, and where room is kept for others, it is counted.
    private mutating func recordDenial(_ call: borrowing Call, _ verdict: inout Verdict, at now: Instant, _ journal: some DecisionJournal) {
        if tally.isDue(at: now) { recordCounts(at: now, journal: journal) }
        let source = source(call, verdict)
        guard tally.samples(source, at: now), journal.room.takesDenials else { return count(call, &verdict, at: now) }
        guard let sequence = journal.record(call, verdict, [], grant: source.grant) else {
            count(call, &verdict, at: now)
            verdict.isUnwritable = true
            return
        }
        tally.noteRecorded(source, at: now)
        verdict.sequence = sequence
    }

    private mutating func count(_ call: borrowing Call, _ verdict: inout Verdict, at now: Instant) {
        tally.count(source(call, verdict), at: now)
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

    private func source(_ call: borrowing Call, _ verdict: Verdict) -> DenialTally.Source {
        .init(door: call.door, reason: verdict.reason, grant: position(ofGrant: verdict.grant))
    }

    func position(ofGrant grant: Int32) -> Position { grant < 0 ? 0 : folded.grants[Int(grant)].position }

    /// The allow of that record was never given out. If not even this can be written, the amounts stay spent on restart.
    private func void(_ call: borrowing Call, _ verdict: Verdict, _ sequence: UInt64, _ taken: [Debit], _ journal: some DecisionJournal) {
        var end = HoldEnd(.voided, of: sequence, grant: position(ofGrant: verdict.grant), HeldCall(call))
        (end.reason, end.returned) = (.staleView, taken)
        if !call.holds { (end.cost, end.calls) = (call.amounts, verdict.calls) }
        _ = journal.recordEnd(end)
    }

    private mutating func register(_ call: borrowing Call, _ verdict: Verdict, _ journal: some DecisionJournal) {
        let name = call.callID.isEmpty ? nil : CallTable.CallName(grant: verdict.grant, callID: call.callID)
        let content = name == nil ? Digest.zero : journal.content(call)
        if call.holds {
            beginHold(verdict, call, decision: verdict.sequence, name: name, content: content)
        } else if let name {
            rememberSettled(name, content: content, decision: verdict.sequence)
        }
    }
}
