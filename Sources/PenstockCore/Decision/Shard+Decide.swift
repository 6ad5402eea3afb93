/// Where decisions are recorded, and the clock: what the shell lends to a decision. Used while the shard is held, so it
/// must neither wait nor decide.
package protocol DecisionJournal {
    /// CLOCK_BOOTTIME.
    var now: Instant { get }

    /// How full it is.
    var room: JournalRoom { get }

    /// Records an answer. Returns its sequence number once a SIGKILL cannot lose it any more; nil when it cannot be
    /// recorded. `debits` is empty unless the answer is an allow; `grant` is the position of the grant's event, or 0.
    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64?

    /// Records anything else; `wall` is the journal's to fill in.
    func record(_ record: DecisionRecord) -> UInt64?

    /// Records how a hold ended.
    func recordEnd(_ end: borrowing HoldEnd) -> UInt64?

    /// Everything that makes two calls under one id the same call.
    func content(_ call: borrowing Call) -> Digest
}

/// A decision in the order in which it runs: prepare, record, confirm, hold. Each step has a file of its own.
extension Shard {
    /// Decides one call: checks and takes, has it recorded, looks at the lease once more as the answer leaves, and
    /// keeps what is to be settled. A verdict without a sequence has no record of its own: `budget_pending`, for which
    /// a slice is asked for now, or a denial that is counted. A retry's permit has its decision's.
    ///
    /// - Parameter arrivedAt: when the call arrived; nil for now.
    @inline(__always)
    package mutating func decide(
        _ call: borrowing Call, arrivedAt: Instant?, under node: borrowing NodeState, journal: some DecisionJournal
    ) -> Verdict {
        node.view.prefetchSlot(call.credential)
        guard call.callID.utf8.count <= Limits.idBytes, !call.isMalformed else { return refuse(call, node, journal) }
        if !call.callID.isEmpty, let earlier = retry(call, arrivedAt, node, journal) { return earlier }
        let now = journal.now
        var verdict = prepare(call, arrivedAt: arrivedAt ?? now, under: node, now: now)
        // The one answer that is not recorded: a slice is asked for.
        guard verdict.reason != .budgetPending else { return verdict }
        record(call, &verdict, node, at: now, journal)
        if verdict.isAllow, confirm(call, &verdict, node, journal) { hold(call, verdict, journal) }
        counts.add(verdict)
        return verdict
    }

    private mutating func refuse(
        _ call: borrowing Call, _ node: borrowing NodeState, _ journal: some DecisionJournal
    ) -> Verdict {
        let grant = node.view.index(of: call.credential).map { Int32($0) } ?? -1
        let verdict = Verdict(
            reason: .malformed, grant: grant, position: node.view.position, viewAge: -1, usableUntil: 0)
        return deny(call, verdict, .malformed, under: node, journal: journal)
    }

    /// A retry under the same id gets the same permit, after all checks but the budget's. Nil when it is a new call.
    private mutating func retry(
        _ call: borrowing Call, _ arrivedAt: Instant?, _ node: borrowing NodeState, _ journal: some DecisionJournal
    ) -> Verdict? {
        guard let grant = node.view.index(of: call.credential) else { return nil }
        let earlier = earlier(call, grant: Int32(grant), content: journal.content(call))
        guard earlier != .new else { return nil }
        let now = journal.now
        var verdict = node.preview(call, arrivedAt: arrivedAt ?? now, now: now)
        verdict.shard = number
        switch earlier {
        case .new: return nil
        case .mismatch: verdict.reason = .duplicateMismatch
        case .settled: verdict.reason = verdict.reason == .none ? .alreadySettled : verdict.reason
        case .underWay(let decision): verdict.sequence = decision
        }
        guard !verdict.isAllow else {
            counts.add(verdict)
            return verdict
        }
        return deny(call, verdict, verdict.reason, under: node, journal: journal)
    }

    /// What a call id stood for before, if anything: a retry is answered from it.
    package func earlier(_ call: borrowing Call, grant: Int32, content: Digest) -> Retry {
        guard !call.callID.isEmpty, let named = calls.named(.init(grant: grant, callID: call.callID)) else {
            return .new
        }
        // Of an id from before a restart, nothing else is known: it was spent, whatever it was for.
        if named.content == .zero { return .settled }
        if named.content != content { return .mismatch }
        return named.settled ? .settled : .underWay(decision: named.decision)
    }

    package enum Retry: Equatable, Sendable {
        case new
        case mismatch
        case settled
        case underWay(decision: UInt64)
    }

    /// Gives back what the last `prepare` took; it was not recorded, or is void.
    package mutating func undo(held: Bool) {
        for index in debits.indices { purse.resolve(debits[index], spent: 0, wasHeld: held) }
        if !ratesTaken.isEmpty { giveBackRates() }
    }
}
