/// How holds end: settled, released, or charged in full after too long.
extension Shard {
    /// Charges an allowed call that held, and records it. Nil when there is no such hold; a sequence of 0 when it could
    /// not be recorded: a restart then charges it in full.
    package mutating func settle(
        _ decision: UInt64, actual: borrowing CallAmounts, priced: Priced = .none, under node: borrowing NodeState,
        journal: some DecisionJournal
    ) -> UInt64? {
        guard var settlement = settle(decision, actual: actual, under: node) else { return nil }
        settlement.end.priced = priced
        let sequence = journal.recordEnd(settlement.end) ?? 0
        noteEnd(DecisionRecord.endByteCount(settlement.end), grant: settlement.grant, journal)
        if !settlement.owed.isEmpty { owe(settlement, decision, node, journal) }
        return sequence
    }

    /// What a debt freezes is spent no more: `Enforcement.freezeDebts` says so to all shards, the ledger to the others.
    private mutating func owe(
        _ settlement: Settlement, _ decision: UInt64, _ node: borrowing NodeState, _ journal: some DecisionJournal
    ) {
        let grant = node.view.grants[Int(settlement.grant)]
        var record = HoldEnd(.owed, of: decision, grant: grant.position, settlement.end.call).record
        record.amounts = settlement.owed
        // Where it cannot be written, the ledger hears of it unless the process ends first.
        _ = journal.record(record)
        owing.append(
            Debt(
                incarnation: node.incarnation, decision: decision, grantID: node.view.symbols.text(grant.grant),
                amounts: settlement.owed))
        guard node.view.freezes(owing[owing.count - 1]) else { return }
        hasToFreeze = true
        for amount in settlement.owed where purse.find(grant: Int(settlement.grant), unit: amount.unit) >= 0 {
            purse.giveBack(account: purse.find(grant: Int(settlement.grant), unit: amount.unit))
        }
    }

    /// As above, for a call that never left.
    package mutating func release(
        _ decision: UInt64, under node: borrowing NodeState, journal: some DecisionJournal
    ) -> UInt64? {
        guard let end = release(decision, under: node) else { return nil }
        return journal.recordEnd(end) ?? 0
    }

    /// Of the units that a settlement names, the first that nothing can be charged to: neither held nor metered.
    package func uncharged(
        _ decision: UInt64, actual: borrowing CallAmounts, under node: borrowing NodeState
    ) -> String? {
        guard let place = calls.place(decision) else { return nil }
        for index in 0..<actual.count where !calls.holds(actual[index].unit, at: place) {
            if !node.view.isMetered(actual[index].unit, ofGrant: Int(calls.grant(at: place))) {
                return actual[index].unit
            }
        }
        return nil
    }

    /// Charges each unit its actual amount; the rest goes back to the slices it came from. A unit that is not named is
    /// charged in full. What a metered unit cost above its hold is owed, also one that it did not name: it was spent,
    /// so it is never clipped. A debt freezes the grant, so no more than one overrun of each hold that was open then
    /// can come on top. Nil when the hold is unknown or ended before.
    package mutating func settle(
        _ decision: UInt64, actual: borrowing CallAmounts, as end: CallTable.End = .settled,
        under node: borrowing NodeState
    ) -> Settlement? {
        guard let hold = calls.end(decision, end) else { return nil }
        // Of each unit, what no debit has covered yet.
        var left: InlineArray<4, Int64> = InlineArray(repeating: 0)
        for index in 0..<actual.count { left[index] = actual[index].value }
        // Whatever came of it, it was a call.
        if let calls = actual.index(of: "calls"), left[calls] == 0, hold.calls > 0 { left[calls] = 1 }
        var settlement = Settlement(
            grant: hold.grant,
            end: HoldEnd(.settled, of: decision, grant: node.view.position(ofGrant: hold.grant), hold.call))
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
            if spent < debit.amount {
                settlement.end.returned.append(
                    Debit(account: debit.account, slice: debit.slice, amount: debit.amount - spent))
            }
        }
        for index in 0..<actual.count
        where left[index] > 0 && node.view.isMetered(actual[index].unit, ofGrant: Int(hold.grant)) {
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
    package mutating func release(_ decision: UInt64, under node: borrowing NodeState) -> HoldEnd? {
        guard let hold = calls.end(decision, .released) else { return nil }
        for debit in hold.debits { purse.resolve(debit, spent: 0, wasHeld: true) }
        var end = HoldEnd(.released, of: decision, grant: node.view.position(ofGrant: hold.grant), hold.call)
        end.returned = hold.debits
        return end
    }

    /// Ends holds that have been open for too long, some at a time: nobody says any more how they ended, so each is
    /// charged in full, and recorded as such. Returns how many.
    package mutating func endOverdue(
        at now: Instant, under node: borrowing NodeState, journal: some DecisionJournal
    ) -> Int {
        var count = 0
        while count < Limits.holdsEndedPerTurn, let decision = calls.overdue(at: now) {
            guard var settlement = settle(decision, actual: CallAmounts(), as: .overdue, under: node) else { break }
            settlement.end.reason = .expired
            // Where it cannot be written, a restart charges it in full as well.
            _ = journal.recordEnd(settlement.end)
            noteEnd(DecisionRecord.endByteCount(settlement.end), grant: settlement.grant, journal)
            count += 1
        }
        return count
    }
}
