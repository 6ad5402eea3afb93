/// What the ledger has folded from its log: the view that every node has, the budgets, and who is refused for ever.
package struct LedgerState: Sendable {
    package private(set) var view = View()
    package private(set) var book = BudgetBook()
    package private(set) var epoch: UInt64 = 0
    /// Incarnations whose slices a successor has closed.
    package private(set) var retired: Set<Incarnation> = []
    /// The largest B that any settings in the log have allowed.
    package private(set) var largestBound: Nanoseconds = 0

    package init() {}

    package mutating func apply(_ event: Event, at position: Position) throws(FoldError) {
        try view.apply(event, at: position)
        switch event.kind {
        case .genesis(_, let settings), .settingsChanged(let settings): largestBound = max(largestBound, settings.bound)
        case .epochOpened(let epoch, _): self.epoch = epoch
        case .grantIssued(let grant): book.issue(grant)
        case .budgetCreated(let budget): book.create(budget)
        case .sliceReserved(let slice): book.reserve(slice, at: position)
        case .spendReported(let report):
            for use in report.uses { book.report(use) }
        case .sliceClosed(let report):
            for use in report.uses { book.close(use) }
            if report.bySuccessor { retired.insert(report.incarnation) }
        case .nodeAdmitted, .nodeExpelled, .joinTokenMade, .grantRenewed, .restricted, .lifted, .decisionBatch: break
        }
    }

    /// Restrictions whose own time has passed by the ledger's clock.
    package func expired(at wall: WallTime) -> [Digest] {
        view.restrictions.values.filter { $0.restriction.expiresAt != 0 && $0.restriction.expiresAt <= wall }
            .map(\.eventID).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }
}
