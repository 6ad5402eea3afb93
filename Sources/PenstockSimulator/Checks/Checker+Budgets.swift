internal import PenstockCore

/// G2: what the log changes of budgets, worked out by other code than the ledger's.
extension Checker {
    mutating func changed(_ kind: EventKind, at position: Position, world: World) {
        switch kind {
        case .budgetCreated(let budget): created(budget, at: position, world: world)
        case .budgetCeilingSet(.named(let name), let ceiling, _):
            self[budget: name].maxCeiling = max(self[budget: name].maxCeiling, ceiling)
            self[budget: name].change(at: position) { $0.ceiling = ceiling }
        case .budgetChanged(let change, _): moved(change, at: position, world: world)
        case .budgetClosed(let name, _): self[budget: name].change(at: position) { $0.isClosed = true }
        case .windowOpened(let opening): opened(opening, world: world)
        case .debtRecorded(let debt): owes(debt, at: position, world: world)
        case .debtSettled(let settlement, _): accepted([settlement.position], at: position)
        case .debtsAccepted(let positions, _): accepted(positions, at: position)
        case .sliceReserved(let slice):
            guard let index = Int(slice.grantID.dropFirst()) else { return }
            for key in levels(index, slice.unit) {
                if isFrozen(key) { world.fail(.ceiling, "a slice was drawn on \(key), which a debt has frozen") }
                if case .named(let name) = key, self[budget: name].budget.isClosed {
                    world.fail(.ceiling, "a slice was drawn on \(name), which is closed")
                }
            }
        default: break
        }
    }

    private mutating func created(_ budget: Budget, at position: Position, world: World) {
        var facts = BudgetFacts(budget: budget, position: position)
        if let selector = budget.selector {
            for held in world.host.ledger?.next.book.open.values ?? [:].values where held.slice.unit == budget.unit {
                guard let index = Int(held.slice.grantID.dropFirst()), covers(selector, index) else { continue }
                facts.slack += held.unspent
            }
        }
        budgets[budget.name] = facts
        // What is spent from slices of before counts in the parents by their new child, too.
        slacken(from: budget.parent, by: facts.slack)
    }

    private mutating func slacken(from name: String, by amount: Int64) {
        var above = name
        while budgets[above] != nil {
            self[budget: above].slack += amount
            above = self[budget: above].budget.parent
        }
    }

    /// What is out was drawn on the parents of before: they are charged for it, and its spending counts here in those
    /// of now.
    private mutating func moved(_ change: BudgetChange, at position: Position, world: World) {
        if let parent = change.parent {
            let key = BudgetKey.named(change.name)
            let out =
                world.host.ledger?.next.book.open.values.reduce(0) {
                    $1.levels.contains { $0.key == key } ? $0 + $1.slice.amount : $0
                } ?? 0
            var above = self[budget: change.name].budget.parent
            while let facts = budgets[above] {
                admitted[.named(above), default: 0] += out
                above = facts.budget.parent
            }
            // So does that of slices which the moved one was never charged for.
            slacken(from: parent, by: out + self[budget: change.name].slack)
        }
        self[budget: change.name].change(at: position) { budget in
            if let parent = change.parent { budget.parent = parent }
            if let most = change.maxOut { budget.maxOut = most }
        }
    }

    private mutating func opened(_ opening: WindowOpening, world: World) {
        // A restored log numbers anew what only its lost part had.
        if restoredAt > 0 { self[budget: opening.budget].windows.removeAll { $0.number >= opening.number } }
        let last = self[budget: opening.budget].windows.last
        if opening.number <= last?.number ?? 0 || opening.start < last?.end ?? .min {
            world.fail(.ceiling, "window \(opening.number) of \(opening.budget) begins before the last one's end")
        }
        self[budget: opening.budget].windows.append(opening)
    }
}
