/// How much a slice gets, and why it gets nothing.
extension BudgetBook {
    package enum Sizing: Equatable, Sendable {
        case grant(Int64)
        /// Not even what others hold would do.
        case exhausted
        /// Enough may come back from others' slices.
        case heldElsewhere
        case frozen
        case closed
        case invalid
    }

    /// - Parameters:
    ///   - need: a call cannot go on with less; 0 for a refill ahead of need.
    ///   - want: what recent demand suggests.
    ///   - holder: who asks; what it holds itself for this very grant and unit is not held elsewhere.
    package func size(levels: [BudgetKey], need: Int64, want: Int64, holder: Incarnation, grant: String, unit: String)
        -> Sizing
    {
        guard !levels.isEmpty, need >= 0, want >= need, want <= Limits.amount else { return .invalid }
        if levels.contains(where: { entries[$0]!.isClosed }) { return .closed }
        if levels.contains(where: { entries[$0]!.isFrozen }) { return .frozen }
        let asker = account(grant, unit).map { BudgetEntry.Holder(incarnation: holder, account: $0) }
        var share = Int64.max
        for level in levels {
            let entry = entries[level]!
            if entry.room < max(need, 1) { return lacking(levels, need, asker) }
            share = min(share, entry.room / (2 * Int64(entry.holders.count + 1)))
        }
        if need > 0 { return .grant(max(need, min(want, share))) }
        // Near the ceiling nothing is handed out ahead of need: each call asks for what it lacks.
        return share * Self.tailPart < want ? .heldElsewhere : .grant(max(1, min(want, share)))
    }

    /// Final only if, at some level, not even everything that others hold would do.
    private func lacking(_ levels: [BudgetKey], _ need: Int64, _ asker: BudgetEntry.Holder?) -> Sizing {
        let mayReturn = levels.allSatisfy { level in
            let entry = entries[level]!
            guard entry.maxOut == 0 || need <= entry.maxOut else { return false }
            return entry.unallocated - entry.overcommitted + heldElsewhere(entry, than: asker) >= max(need, 1)
        }
        return mayReturn ? .heldElsewhere : .exhausted
    }

    /// Of the budgets that have less than is needed, the one of which the least could be had, and what is out of it.
    func shortage(of unit: String, levels: [BudgetKey], need: Int64, holder: Incarnation, code: Refusal.Code)
        -> SliceAnswer.Refused
    {
        var refused = SliceAnswer.Refused(unit, code)
        for level in levels {
            let entry = entries[level]!
            guard entry.room < max(need, 1) else { continue }
            let (most, unspent) = (entry.couldGet, entry.outHere(holder))
            guard refused.couldGet.map({ most < $0 }) ?? true else { continue }
            (refused.budget, refused.couldGet, refused.heldHere) = (level.written, most, unspent)
            refused.heldElsewhere = max(0, entry.out - entry.outOfEnded - unspent)
        }
        return refused
    }

    private func heldElsewhere(_ entry: BudgetEntry, than asker: BudgetEntry.Holder?) -> Int64 {
        let counted = entry.windows.reduce(0) { $1.counts ? $0 + $1.out : $0 }
        return max(0, counted - (asker.flatMap { entry.holders[$0] } ?? 0))
    }

    /// A refill of less than this part of what was wanted is not worth an event.
    static let tailPart: Int64 = 8
}
