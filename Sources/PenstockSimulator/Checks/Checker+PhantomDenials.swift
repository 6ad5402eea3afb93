internal import PenstockCore

/// The budgets' part of G7: what is denied is not there.
extension Checker {
    /// What the ledger refuses a call it does not have.
    func refused(_ part: SliceRequest.Part, _ code: Refusal.Code, grantID: String, _ book: BudgetBook) -> Violation? {
        guard part.need > 0, let grant = Int(grantID.dropFirst()) else { return nil }
        let levels = levels(grant, part.unit)
        let line = Set(line(grant).map { "g\($0)" })
        if code == .budgetFrozen,
            book.debts.values.contains(where: { !$0.isAccepted && line.contains($0.debt.grantID) })
        {
            return nil
        }
        if code == .budgetClosed {
            return levels.contains { book.entries[$0]?.isClosed == true }
                ? nil : Violation(.liveness, "a budget of \(grantID) is said to be closed: none of \(levels)")
        }
        // A debt may be staged with this very answer, and not durable yet.
        if code == .budgetFrozen {
            return levels.contains { isFrozen($0) || book.entries[$0]?.isFrozen == true }
                ? nil
                : Violation(
                    .liveness,
                    """
                    a budget of \(grantID) without a debt is said to be frozen: none of \(levels), but \
                    \(book.entries.filter(\.value.isFrozen).keys)
                    """
                )
        }
        if levels.contains(where: {
            book.entries[$0].map { $0.unallocated < part.need || $0.maxOut > 0 && $0.maxOut - $0.out < part.need }
                ?? true
        }) {
            return nil
        }
        return Violation(
            .liveness, "\(part.need) of \(part.unit) on \(grantID) were refused as \(code), though the ledger had them")
    }

    /// What a call draws: it is one call, whether or not it says so.
    func counted(_ call: CallUnderWay) -> [Amount] {
        let isCounted = call.amounts.contains { $0.unit == "calls" } || levels(call.grant, "calls").isEmpty
        return call.amounts + (isCounted ? [] : [Amount("calls", 1)])
    }

    /// What is denied for good is not there any more.
    func denied(_ reason: Reason, _ call: CallUnderWay, world: World) -> Violation? {
        guard reason == .budgetExhausted, let book = world.host.ledger?.next.book else { return nil }
        // A raised ceiling, a debt or another window make room that was not there when the ledger answered.
        let amounts = counted(call)
        for level in amounts.flatMap({ levels(call.grant, $0.unit) }) {
            if case .named(let name) = level, let facts = budgets[name], facts.budget.window != .none || facts.hasMoved
            {
                return nil
            }
            if owed[level] != nil { return nil }
        }
        for amount in amounts {
            for level in levels(call.grant, amount.unit) {
                // What was truly spent is gone, even where a commit that failed took the report of it back. A log that
                // was restored may lack the budget.
                guard let entry = book.entries[level] else { return nil }
                let gone = entry.windows.reduce(0) {
                    $1.counts ? $0 + (spent[Place(key: level, window: $1.number)] ?? 0) : $0
                }
                if entry.unallocated < amount.value || entry.ceiling - gone < amount.value { return nil }
            }
        }
        return Violation(
            .liveness,
            """
            a call of \(call.amounts.map { "\($0.value) \($0.unit)" }) on g\(call.grant) was denied for good, \
            though its budgets had enough left
            """
        )
    }
}
