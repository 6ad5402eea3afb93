/// Where decisions are recorded, and the clock: what the shell lends to a decision. Used under the lock of the
/// `Enforcement`, so it must neither wait nor decide.
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

extension Enforcement {
    /// Decides one call: checks and takes, has it recorded, and looks at the lease once more as the answer leaves. A
    /// verdict without a sequence has no record of its own: `budget_pending`, for which a slice is asked for now, or a denial
    /// that is counted. A retry's permit has its decision's.
    ///
    /// - Parameter arrivedAt: when the call arrived; nil for now.
    package mutating func decide(_ call: borrowing Call, arrivedAt: Instant?, journal: some DecisionJournal) -> Verdict {
        folded.prefetchSlot(call.credential)
        guard call.callID.utf8.count <= Limits.idBytes, !call.isMalformed else { return refuse(call, journal) }
        if !call.callID.isEmpty, let earlier = retry(call, arrivedAt, journal) { return earlier }
        let now = journal.now
        var verdict = prepare(call, arrivedAt: arrivedAt ?? now, now: now)
        if verdict.reason == .budgetPending { return verdict }
        record(call, &verdict, at: now, journal)
        return verdict
    }

    private mutating func refuse(_ call: borrowing Call, _ journal: some DecisionJournal) -> Verdict {
        let grant = view?.index(of: call.credential).map { Int32($0) } ?? -1
        var verdict = Verdict(reason: .malformed, grant: grant, position: folded.position, viewAge: -1, usableUntil: 0)
        record(call, &verdict, at: journal.now, journal)
        return verdict
    }

    /// A retry under the same id gets the same permit, after all checks but the budget's. Nil when it is a new call.
    private mutating func retry(_ call: borrowing Call, _ arrivedAt: Instant?, _ journal: some DecisionJournal) -> Verdict? {
        guard let grant = view?.index(of: call.credential) else { return nil }
        let earlier = earlier(call, grant: Int32(grant), content: journal.content(call))
        guard earlier != .new else { return nil }
        let now = journal.now
        var verdict = preview(call, arrivedAt: arrivedAt ?? now, now: now)
        switch earlier {
        case .new: return nil
        case .mismatch: verdict.reason = .duplicateMismatch
        case .settled: verdict.reason = verdict.reason == .none ? .alreadySettled : verdict.reason
        case .underWay(let decision): verdict.sequence = decision
        }
        if verdict.isAllow { return verdict }
        record(call, &verdict, at: now, journal)
        return verdict
    }

    /// Charges an allowed call that held, and records it. Nil when there is no such hold; a sequence of 0 when it could
    /// not be recorded: a restart then charges it in full.
    package mutating func settle(_ decision: UInt64, actual: borrowing CallAmounts, priced: Priced = .none, journal: some DecisionJournal) -> UInt64? {
        guard var settlement = settle(decision, actual: actual) else { return nil }
        settlement.end.priced = priced
        let sequence = journal.recordEnd(settlement.end) ?? 0
        noteEnd(DecisionRecord.endByteCount(settlement.end), grant: settlement.grant, journal)
        if !settlement.owed.isEmpty { owe(settlement, decision, journal) }
        return sequence
    }

    /// Nothing more is spent here of what a debt has frozen; the ledger says so to the others.
    private mutating func owe(_ settlement: Settlement, _ decision: UInt64, _ journal: some DecisionJournal) {
        let grant = folded.grants[Int(settlement.grant)]
        var record = HoldEnd(.owed, of: decision, grant: grant.position, settlement.end.call).record
        record.amounts = settlement.owed
        // Where it cannot be written, the ledger hears of it unless the process ends first.
        _ = journal.record(record)
        owing.append(Debt(incarnation: incarnation, decision: decision, grantID: folded.symbols.text(grant.grant), amounts: settlement.owed))
        guard folded.freezes(owing.last!) else { return }
        freeze(for: owing.last!)
        for amount in settlement.owed where purse.find(grant: Int(settlement.grant), unit: amount.unit) >= 0 {
            purse.giveBack(account: purse.find(grant: Int(settlement.grant), unit: amount.unit))
        }
    }

    /// As above, for a call that never left.
    package mutating func release(_ decision: UInt64, journal: some DecisionJournal) -> UInt64? {
        guard let end = release(decision) else { return nil }
        return journal.recordEnd(end) ?? 0
    }
}
