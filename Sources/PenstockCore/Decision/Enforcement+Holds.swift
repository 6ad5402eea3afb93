extension Enforcement {
    /// Registers an allowed call that is still to be settled.
    package mutating func beginHold(_ verdict: Verdict, _ call: borrowing Call, decision: UInt64, name: CallTable.CallName?, content: Digest) {
        let hold = CallTable.Hold(
            decision: decision, grant: verdict.grant, debits: debits, amounts: call.amounts, calls: verdict.calls, call: HeldCall(call),
            usableUntil: verdict.usableUntil)
        calls.add(hold, name: name, content: content)
    }

    package mutating func rememberSettled(_ name: CallTable.CallName, content: Digest, decision: UInt64) {
        calls.remember(name, content: content, decision: decision)
    }

    /// Ids that earlier incarnations of this node have settled, or left to be charged.
    mutating func remember(_ names: [(decision: UInt64, call: Predecessors.Named)]) {
        for (decision, call) in names {
            guard let grant = folded.index(issuedAt: call.grant) else {
                // A snapshot may be older than the grant: its event follows.
                if call.grant > folded.position { idsToCome[call.grant, default: []].append((decision, call)) }
                continue
            }
            let name = CallTable.CallName(grant: Int32(grant), callID: call.callID)
            if calls.named(name) == nil { calls.remember(name, content: .zero, decision: decision) }
        }
    }

    /// What a call id stood for before, if anything: a retry is answered from it.
    package func earlier(_ call: borrowing Call, grant: Int32, content: Digest) -> Retry {
        guard !call.callID.isEmpty, let named = calls.named(.init(grant: grant, callID: call.callID)) else { return .new }
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

    /// Of the units that a settlement names, the first that nothing can be charged to: neither held nor metered.
    package mutating func uncharged(_ decision: UInt64, actual: borrowing CallAmounts) -> String? {
        guard let place = calls.place(decision) else { return nil }
        for index in 0..<actual.count where !calls.holds(actual[index].unit, at: place) {
            if !folded.isMetered(actual[index].unit, ofGrant: Int(calls.grant(at: place))) { return actual[index].unit }
        }
        return nil
    }

    /// Charges each unit its actual amount; the rest goes back to the slices it came from. A unit that is not named is
    /// charged in full. What a metered unit cost above its hold is owed, also one that it did not name: it was spent, so it is
    /// never clipped. A debt freezes the grant, so no more than one overrun of each hold that was open then can come on top.
    /// Nil when the hold is unknown or ended before.
    package mutating func settle(_ decision: UInt64, actual: borrowing CallAmounts, as end: CallTable.End = .settled) -> Settlement? {
        guard let hold = calls.end(decision, end) else { return nil }
        // Of each unit, what no debit has covered yet.
        var left: InlineArray<4, Int64> = InlineArray(repeating: 0)
        for index in 0..<actual.count { left[index] = actual[index].value }
        // Whatever came of it, it was a call.
        if let calls = actual.index(of: "calls"), left[calls] == 0, hold.calls > 0 { left[calls] = 1 }
        var settlement = Settlement(grant: hold.grant, end: HoldEnd(.settled, of: decision, grant: position(ofGrant: hold.grant), hold.call))
        settlement.end.cost = copy actual
        if hold.calls > 0 { settlement.end.calls = actual.index(of: "calls").map { left[$0] } ?? hold.calls }
        for index in 0..<hold.amounts.count where actual.index(of: hold.amounts[index].unit) == nil {
            if hold.calls == 0 || hold.amounts[index].unit != "calls" { settlement.end.rest.add(hold.amounts[index]) }
        }
        for debit in hold.debits {
            let unit = purse.accounts[Int(debit.account)].unit
            guard let index = actual.index(of: unit) else {
                purse.resolve(debit, spent: debit.amount, wasHeld: true)
                continue
            }
            let spent = min(debit.amount, left[index])
            left[index] -= spent
            purse.resolve(debit, spent: spent, wasHeld: true)
            if spent < debit.amount { settlement.end.returned.append(Debit(account: debit.account, slice: debit.slice, amount: debit.amount - spent)) }
        }
        for index in 0..<actual.count where left[index] > 0 && folded.isMetered(actual[index].unit, ofGrant: Int(hold.grant)) {
            settlement.owed.append(Amount(actual[index].unit, left[index]))
        }
        return settlement
    }

    package struct Settlement: Sendable {
        package var grant: Int32
        /// What its record says.
        package var end: HoldEnd
        /// Spent above the hold, of units that have budgets.
        package var owed: [Amount] = []
    }

    /// The call never left: everything goes back. Nil when the hold is unknown or ended before.
    package mutating func release(_ decision: UInt64) -> HoldEnd? {
        guard let hold = calls.end(decision, .released) else { return nil }
        for debit in hold.debits { purse.resolve(debit, spent: 0, wasHeld: true) }
        var end = HoldEnd(.released, of: decision, grant: position(ofGrant: hold.grant), hold.call)
        end.returned = hold.debits
        return end
    }

    /// Calls under way whose grants are revoked or suspended now: they must stop. Each is named once.
    package mutating func cancelRestricted() -> [Cancelled] {
        guard calls.holdCount > 0, let view else { return [] }
        let onNode = view.marks(onNode: node)
        var restricted: [(grant: Int32, reason: Reason)] = []
        for grant in calls.holdingGrants {
            let marks = view.marks(onGrant: Int(grant)).union(onNode)
            if marks.contains(.revoked) { restricted.append((grant, .revoked)) } else if marks.contains(.suspended) { restricted.append((grant, .suspended)) }
        }
        let cancelled = restricted.flatMap { restricted in
            let credential = view.grants[Int(restricted.grant)].credential
            return calls.cancel(grant: restricted.grant).map { Cancelled(decision: $0, reason: restricted.reason, credential: credential) }
        }
        return cancelled.sorted { $0.decision < $1.decision }
    }

    /// A call under way that must stop, and with which credential it was asked for.
    package struct Cancelled: Equatable, Sendable {
        package var decision: UInt64
        package var reason: Reason
        package var credential: Digest
    }

    /// Ends holds that have been open for too long, some at a time: nobody says any more how they ended, so each is charged in
    /// full, and recorded as such. Returns how many.
    package mutating func endOverdue(at now: Instant, journal: some DecisionJournal) -> Int {
        var count = 0
        while count < Limits.holdsEndedPerTurn, let decision = calls.overdue(at: now) {
            guard var settlement = settle(decision, actual: CallAmounts(), as: .overdue) else { break }
            settlement.end.reason = .expired
            // Where it cannot be written, a restart charges it in full as well.
            _ = journal.recordEnd(settlement.end)
            noteEnd(DecisionRecord.endByteCount(settlement.end), grant: settlement.grant, journal)
            count += 1
        }
        return count
    }
}
