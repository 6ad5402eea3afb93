/// What a ledger's state has beside its view, laid out in canonical order, as the ledger's own snapshots carry it:
/// equal states give equal images.
package struct LedgerImage: Hashable, Sendable {
    package var epoch: UInt64
    package var largestBound: Nanoseconds
    package var greatestTime: WallTime
    package var retired: [Incarnation]
    package var warnings: [Warning]
    package var owners: [Owners.Node]
    package var book: BudgetBook.Image
    package var forgotten: [ForgottenGrant]

    /// Where the log has a grant that is forgotten.
    package struct ForgottenGrant: Hashable, Sendable {
        package var id: IDHash
        package var position: Position

        package init(id: IDHash, position: Position) { (self.id, self.position) = (id, position) }
    }

    /// The highest part of its ceiling that a budget was warned of.
    package struct Warning: Hashable, Sendable {
        package var budget: String
        package var percent: UInt32

        package init(budget: String, percent: UInt32) { (self.budget, self.percent) = (budget, percent) }
    }

    package init(
        epoch: UInt64, largestBound: Nanoseconds, greatestTime: WallTime, retired: [Incarnation], warnings: [Warning],
        owners: [Owners.Node], book: BudgetBook.Image, forgotten: [ForgottenGrant] = []
    ) {
        self.epoch = epoch
        self.largestBound = largestBound
        self.greatestTime = greatestTime
        self.retired = retired
        self.warnings = warnings
        self.owners = owners
        self.book = book
        self.forgotten = forgotten
    }
}

extension LedgerState {
    package var image: LedgerImage {
        LedgerImage(
            epoch: epoch, largestBound: largestBound, greatestTime: greatestTime, retired: retired.sorted(),
            warnings: warned.map { .init(budget: $0.key, percent: $0.value) }.sorted { $0.budget < $1.budget },
            owners: owners.image, book: book.image,
            forgotten: forgotten.map { .init(id: $0.key, position: $0.value) }.sorted { $0.position < $1.position })
    }

    /// - Throws: where the parts contradict each other: every budget of the view has an account, and every open slice
    /// its   levels, as what folds on from here takes for granted.
    package init(view: View, image: LedgerImage) throws(FoldError) {
        self.init()
        self.view = view
        epoch = image.epoch
        largestBound = image.largestBound
        greatestTime = image.greatestTime
        retired = Set(image.retired)
        for warning in image.warnings { warned[warning.budget] = warning.percent }
        for grant in image.forgotten { forgotten[grant.id] = grant.position }
        guard forgotten.count == image.forgotten.count else {
            throw FoldError(position: view.position, problem: "a forgotten grant is there twice")
        }
        do throws(BudgetEntry.Imbalance) {
            book = try BudgetBook(image: image.book)
        } catch {
            throw FoldError(position: view.position, problem: error.description)
        }
        guard let owners = Owners(image: image.owners) else {
            throw FoldError(position: view.position, problem: "an incarnation has two owners")
        }
        self.owners = owners
        guard hasEveryAccount else { throw FoldError(position: view.position, problem: "a budget has no account") }
    }

    private var hasEveryAccount: Bool {
        let isNamedKept = view.budgets.allSatisfy { book.entries[.named($0.name)] != nil }
        return isNamedKept
            && view.handles.allSatisfy { handle in
                view.ownBudgets(ofGrant: Int(handle)).allSatisfy { book.entries[$0] != nil }
            }
    }
}
