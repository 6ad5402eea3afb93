internal import PenstockCore

/// G2, after a commit: every budget adds up, and what is charged was admitted.
extension Checker {
    /// Every budget adds up, and covers what was truly spent of it.
    func conserved(_ book: BudgetBook, _ events: [Event]) -> Violation? {
        guard
            events.contains(where: {
                [
                    .sliceClosed, .spendReported, .budgetCeilingSet, .debtRecorded, .debtsAccepted, .debtSettled,
                    .windowOpened,
                ].contains($0.kind.name)
            })
        else { return nil }
        for (key, entry) in book.entries {
            let counted = entry.windows.filter(\.counts)
            let (charged, debt) = counted.reduce((0, 0)) { ($0.0 + $1.settled + $1.out, $0.1 + $1.debt) }
            if charged + entry.unallocated != entry.ceiling + debt + entry.overcommitted
                || min(entry.unallocated, entry.overcommitted) < 0
            {
                return Violation(.ceiling, "\(key) does not add up: \(entry)")
            }
            if debt > 0, !entry.isFrozen { return Violation(.ceiling, "\(key) owes \(debt) and is not frozen") }
            if entry.holders.values.reduce(0, +) != entry.out {
                return Violation(.ceiling, "\(key): its holders have \(entry.holders), \(entry.out) are out")
            }
        }
        for place in spent.keys {
            if let entry = book.entries[place.key], let violation = covered(place, entry) { return violation }
        }
        return nil
    }

    /// G2: nothing is charged that nobody may have spent, unless a journal's word was lost.
    ///
    /// - Parameter isMember: of a node that was expelled nobody hears what it owes.
    func chargedNoMore(than book: BudgetBook, isMember: (String) -> Bool) -> Violation? {
        for (key, entry) in book.entries where entry.settled > (admitted[key] ?? 0) + (owed[key] ?? 0) {
            return Violation(
                .ceiling, "\(key): \(entry.settled) are settled, at most \(admitted[key] ?? 0) were admitted")
        }
        let untold = overruns.filter { isMember($0.value) }
        return untold.isEmpty ? nil : Violation(.ceiling, "a debt was never told: \(untold)")
    }

    /// G2: what a node counts as reported, and so may forget, the ledger has.
    func reportsWereTaken(_ process: EnforcerProcess, _ machine: Machine, world: World) -> Violation? {
        guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil,
            world.now > restoredAt + 2 * settings.bound
        else { return nil }
        for slice in process.enforcement.heldSlices {
            guard let held = ledger.next.book.open[slice.id],
                slice.reported.settled > held.used || slice.reported.returned > held.returned
            else { continue }
            return Violation(
                .ceiling,
                """
                machine \(machine.index) counts \(slice.reported) of slice \(slice.id) as reported, the ledger has \
                \(held.used), \(held.returned)
                """
            )
        }
        return nil
    }
}
