/// The third step of a decision: the lease once more, as the answer leaves.
extension Shard {
    /// Whether the allow may leave. If not, its record is voided.
    @inline(__always)
    mutating func confirm(
        _ call: borrowing Call, _ verdict: inout Verdict, _ node: borrowing NodeState, _ journal: some DecisionJournal
    ) -> Bool {
        if confirm(&verdict, held: call.holds, now: journal.now) { return true }
        void(call, verdict, node, journal)
        return false
    }

    /// As the answer leaves: the lease must still hold. If not, what was taken goes back and the caller records a void.
    @inline(__always)
    package mutating func confirm(_ verdict: inout Verdict, held: Bool, now: Instant) -> Bool {
        guard now >= verdict.usableUntil else { return true }
        undo(held: held)
        verdict.reason = .staleView
        return false
    }

    /// The allow of that record was never given out. If not even this can be written, the amounts stay spent on
    /// restart.
    private mutating func void(
        _ call: borrowing Call, _ verdict: Verdict, _ node: borrowing NodeState, _ journal: some DecisionJournal
    ) {
        var end = HoldEnd(
            .voided, of: verdict.sequence, grant: node.view.position(ofGrant: verdict.grant), HeldCall(call))
        (end.reason, end.returned) = (.staleView, debits)
        if !call.holds { (end.cost, end.calls) = (call.amounts, verdict.calls) }
        _ = journal.recordEnd(end)
    }
}
