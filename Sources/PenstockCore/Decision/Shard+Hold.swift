/// The last step of a decision: what is to be settled is kept until then, and an id for its retries.
extension Shard {
    @inline(__always)
    mutating func hold(_ call: borrowing Call, _ verdict: Verdict, _ journal: some DecisionJournal) {
        if call.holds || !call.callID.isEmpty { register(call, verdict, journal) }
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

    /// Registers an allowed call that is still to be settled.
    package mutating func beginHold(
        _ verdict: Verdict, _ call: borrowing Call, decision: UInt64, name: CallTable.CallName?, content: Digest
    ) {
        let hold = CallTable.Hold(
            decision: decision, grant: verdict.grant, debits: debits, amounts: call.amounts, calls: verdict.calls,
            call: HeldCall(call), usableUntil: verdict.usableUntil)
        calls.add(hold, name: name, content: content)
    }

    /// An id that an earlier incarnation has settled, or left to be charged.
    mutating func remember(_ name: CallTable.CallName, decision: UInt64) {
        if calls.named(name) == nil { calls.remember(name, content: .zero, decision: decision) }
    }

    package mutating func rememberSettled(_ name: CallTable.CallName, content: Digest, decision: UInt64) {
        calls.remember(name, content: content, decision: decision)
    }
}
