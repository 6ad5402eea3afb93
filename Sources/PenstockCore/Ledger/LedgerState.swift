/// What the ledger has folded from its log: the view that every node has, the budgets, and who is refused for ever.
package struct LedgerState: Sendable {
    package internal(set) var view = View()
    package internal(set) var book = BudgetBook()
    package internal(set) var epoch: UInt64 = 0
    /// Incarnations whose slices a successor has closed.
    package internal(set) var retired: Set<Incarnation> = []
    package internal(set) var owners = Owners()
    /// Where the log has the grants that are forgotten, by their ids: none is issued again.
    package internal(set) var forgotten: [IDHash: Position] = [:]
    /// The largest B that any settings in the log have allowed.
    package internal(set) var largestBound: Nanoseconds = 0

    /// The greatest time that the log carries: of the ledger's own events, and as an operator has put it since.
    package internal(set) var greatestTime: WallTime = 0

    /// The highest part of its ceiling, in percent, that each budget was warned of.
    var warned: [String: UInt32] = [:]

    package init() {}

    package mutating func apply(_ event: Event, at position: Position) throws(FoldError) {
        if case .forgotten(let forgetting) = event.kind { try forget(forgetting.grants, at: position) }
        try view.apply(event, at: position)
        keepTime(event)
        note(event)
        do throws(BudgetEntry.Imbalance) {
            try keep(event.kind, at: position)
        } catch {
            throw FoldError(position: position, problem: error.description)
        }
    }

    private mutating func keepTime(_ event: Event) {
        if view.members[event.origin]?.keys.role == .ledger {
            greatestTime = max(greatestTime, LedgerTime.clamped(event.createdAt))
        }
        guard case .timeAccepted(let leap, _) = event.kind else { return }
        let (sum, overflow) = greatestTime.addingReportingOverflow(leap)
        if !overflow { greatestTime = LedgerTime.clamped(sum) }
    }

    private mutating func note(_ event: Event) {
        guard let incarnation = event.kind.namedIncarnation else { return }
        var node = event.origin
        if case .sliceReserved(let slice) = event.kind { node = slice.node }
        // What an operator closes was some node's before.
        guard view.members[node]?.keys.role == .enforcer else { return }
        let book = book
        owners.note(incarnation, of: node) { book.isOpen($0) }
    }

    private mutating func keep(_ kind: EventKind, at position: Position) throws(BudgetEntry.Imbalance) {
        switch kind {
        case .genesis(_, let settings), .settingsChanged(let settings): largestBound = max(largestBound, settings.bound)
        case .epochOpened(let epoch, _): self.epoch = epoch
        case .grantIssued(let grant): book.issue(grant)
        case .budgetCreated(let budget): book.create(budget)
        case .budgetCeilingSet(let key, let ceiling, _): try book.setCeiling(key, ceiling)
        case .windowOpened(let opening):
            try book.open(opening)
            warned[opening.budget] = nil
        case .sliceReserved(let slice): try book.reserve(slice, levels: levels(slice.grantID, slice.unit), at: position)
        case .spendReported(let report):
            for use in report.uses { try book.report(use) }
        case .sliceClosed(let report):
            for use in report.uses { try book.close(use) }
            if report.bySuccessor { retired.insert(report.incarnation) }
        case .debtRecorded(let debt):
            try book.owe(
                debt, levels: debt.amounts.map { levels(debt.grantID, $0.unit) },
                tolerance: view.settings.debtTolerance, freezes: view.isOpen(debt), at: position)
        case .debtsAccepted(let positions, _):
            for debt in positions { try book.accept(debt: debt) }
        case .debtSettled(let settlement, _): try book.accept(debt: settlement.position, charged: settlement.charged)
        case .budgetChanged(let change, _): book.change(change)
        case .budgetClosed(let name, _): book.close(budget: name)
        case .budgetWarned(let name, let percent, _): warned[name] = max(warned[name] ?? 0, percent)
        case .nodeAdmitted, .nodeExpelled, .joinTokenMade, .grantRenewed, .restricted, .lifted, .rateCreated,
            .rateChanged, .rateClosed, .decisionBatch, .timeAccepted, .timeNoted, .forgotten:
            break
        }
    }

    /// Every budget that a grant's unit is drawn on.
    package func levels(_ grantID: String, _ unit: String) -> [BudgetKey] {
        view.index(ofGrant: grantID).map { view.levels(ofGrant: $0, unit: unit) } ?? []
    }

    /// Restrictions whose own time has passed. All are looked at: of as many as may stand, in two milliseconds.
    package func expired(at wall: WallTime) -> [Digest] {
        view.restrictions.values.filter { $0.restriction.expiresAt != 0 && $0.restriction.expiresAt <= wall }
            .map(\.eventID).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Whether some authority has expired after a time: a join token, or one of the first grants behind a position.
    /// `next` is where the next part begins, where none was found.
    package func hasExpiry(after time: WallTime, by now: WallTime, ofGrantsBehind position: Position, most: Int)
        -> (found: Bool, next: Position?)
    {
        func isBetween(_ expiry: WallTime) -> Bool { time < expiry && expiry <= now }
        if view.tokens.values.contains(where: { !$0.used && isBetween($0.token.expiresAt) }) { return (true, nil) }
        let part = view.handles[view.firstGrant(after: position)...].prefix(most)
        if part.contains(where: { isBetween(view.grants[Int($0)].expiresAt) }) { return (true, nil) }
        guard let last = part.last, part.endIndex < view.handles.count else { return (false, nil) }
        return (false, view.grants[Int(last)].position)
    }

    /// Warnings that are due, as events of the ledger's own. A budget with windows is warned of anew in each: see
    /// `keep`.
    package func warningsDue() -> [EventKind] {
        view.budgets.compactMap { budget in
            guard !budget.warnAt.isEmpty, let entry = book.entries[.named(budget.name)] else { return nil }
            let (name, settled) = (budget.name, entry.settled)
            let reached = budget.warnAt.last { Int128($0) * Int128(entry.ceiling) <= Int128(settled) * 100 }
            guard let reached, reached > warned[name] ?? 0 else { return nil }
            return .budgetWarned(name: name, percent: reached, settled: settled)
        }
    }
}
