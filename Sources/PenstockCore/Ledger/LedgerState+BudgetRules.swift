/// What may change budgets, and who may speak of whose slices.
extension LedgerState {
    func checkBudget(_ budget: Budget) throws(Refusal) {
        guard !budget.name.isEmpty, budget.name.utf8.count <= Limits.idBytes else {
            throw Refusal(.invalid, "a budget's name has 1 to \(Limits.idBytes) bytes")
        }
        // GRANT/UNIT names a grant's own budget, and these two must not be taken for one another.
        guard !budget.name.contains("/") else { throw Refusal(.invalid, "a budget's name has no '/'") }
        guard budget.name.isPrintable, budget.unit.isPrintable else {
            throw Refusal(.invalid, "a budget's name or unit has a control character in it")
        }
        guard !budget.name.contains("*") else {
            throw Refusal(.invalid, "a budget's name has no '*': nothing stands for several budgets")
        }
        guard !budget.unit.isEmpty, budget.unit.utf8.count <= 64 else {
            throw Refusal(.invalid, "a unit has 1 to 64 bytes")
        }
        guard (0...Limits.ceiling).contains(budget.ceiling) else {
            throw Refusal(.invalid, "a ceiling is 0 to \(Limits.ceiling)")
        }
        try checkMaxOut(budget.maxOut)
        if let problem = budget.window.problem { throw Refusal(.invalid, problem) }
        if let problem = budget.selector?.coveringProblem { throw Refusal(.invalid, problem) }
        if budget.selector?.kind == .node { throw Refusal(.invalid, "a budget is for grants; a node has none") }
        guard (budget.selector?.value.utf8.count ?? 0) <= Limits.idBytes else {
            throw Refusal(.invalid, "the selector is longer than \(Limits.idBytes) bytes")
        }
        try checkWarnings(budget.warnAt)
        guard view.budgets.count < Limits.budgets else {
            throw Refusal(.full, "the mesh has \(Limits.budgets) budgets, its limit")
        }
        guard view.budget(budget.name) == nil else { throw Refusal(.exists, "budget '\(budget.name)' exists") }
        try checkParent(budget.parent, of: budget.name, unit: budget.unit, height: 1)
    }

    private func checkMaxOut(_ most: Int64) throws(Refusal) {
        guard (0...Limits.amount).contains(most) else {
            throw Refusal(.invalid, "what may be out is 0 to \(Limits.amount)")
        }
    }

    private func checkWarnings(_ warnAt: [UInt32]) throws(Refusal) {
        guard warnAt.count <= 16, warnAt == Set(warnAt).sorted(), warnAt.allSatisfy({ (1...100).contains($0) }) else {
            throw Refusal(.invalid, "warnings are due at up to 16 different percentages from 1 to 100, ascending")
        }
    }

    /// - Parameter height: of what is to be below it.
    private func checkParent(_ name: String, of child: String, unit: String, height: Int) throws(Refusal) {
        guard !name.isEmpty else { return }
        guard let parent = view.budget(name), parent.unit == unit else {
            throw Refusal(.notFound, "no budget '\(name)' in \(unit) to be the parent")
        }
        var (depth, next) = (height, name)
        while let above = view.budget(next) {
            guard next != child else { throw Refusal(.invalid, "budget '\(child)' cannot be below itself") }
            guard !above.isClosed else { throw Refusal(.unavailable, "budget '\(next)' is closed") }
            (depth, next) = (depth + 1, above.parent)
        }
        guard depth <= Limits.budgetDepth else {
            throw Refusal(.invalid, "budgets are at most \(Limits.budgetDepth) deep")
        }
    }

    private func openBudget(_ name: String) throws(Refusal) -> Budget {
        guard let budget = view.budget(name) else { throw Refusal(.notFound, "no budget '\(name)'") }
        guard !budget.isClosed else { throw Refusal(.unavailable, "budget '\(name)' is closed") }
        return budget
    }

    func checkChange(_ change: BudgetChange, _ reason: String) throws(Refusal) {
        let budget = try openBudget(change.name)
        guard change.parent != nil || change.maxOut != nil || change.warnAt != nil else {
            throw Refusal(.invalid, "name what is to be changed of budget '\(change.name)'")
        }
        if let most = change.maxOut { try checkMaxOut(most) }
        if let warnAt = change.warnAt { try checkWarnings(warnAt) }
        if let parent = change.parent {
            try checkParent(parent, of: budget.name, unit: budget.unit, height: view.height(ofBudget: budget.name))
        }
        try checkText(reason)
    }

    func checkClosing(_ name: String, _ reason: String) throws(Refusal) {
        _ = try openBudget(name)
        try checkText(reason)
    }

    func checkCeiling(_ key: BudgetKey, _ ceiling: Int64, _ reason: String) throws(Refusal) {
        guard let entry = book.entries[key] else { throw Refusal(.notFound, "there is no such budget") }
        guard !entry.isClosed else { throw Refusal(.unavailable, "budget '\(key.written)' is closed") }
        guard (0...Limits.ceiling).contains(ceiling) else {
            throw Refusal(.invalid, "a ceiling is 0 to \(Limits.ceiling)")
        }
        try checkText(reason)
    }

    func checkReport(_ report: SliceReport, by signer: NodeKeys, _ fenced: (Incarnation, String) -> Bool)
        throws(Refusal)
    {
        guard (1...Limits.usesPerReport).contains(report.uses.count) else {
            throw Refusal(.invalid, "a report names 1 to \(Limits.usesPerReport) slices")
        }
        guard report.bySuccessor || !retired.contains(report.incarnation) else {
            throw Refusal(.retired, "a successor has closed this incarnation's slices")
        }
        let isOperator = signer.role == .operator
        // An operator decides on what a node left behind, as a successor does from its journal.
        guard !isOperator || report.bySuccessor else {
            throw Refusal(.notPermitted, "an operator closes only what a node has left behind for good")
        }
        try checkText(report.reason)
        for use in report.uses {
            // Reports overtake one another: what was closed meanwhile needs no more, and the rest still counts.
            guard use.slice <= view.position else {
                throw Refusal(.notFound, "slice \(use.slice) was never handed out")
            }
            guard let held = book.open[use.slice] else { continue }
            guard isOperator || held.slice.node == signer.name, held.slice.incarnation == report.incarnation else {
                throw Refusal(.notPermitted, "slice \(use.slice) belongs to another incarnation")
            }
            let amount = held.slice.amount
            guard (0...amount).contains(use.used), (0...amount - use.used).contains(use.returned),
                (0...amount - use.used - use.returned).contains(use.held)
            else {
                throw Refusal(.invalid, "slice \(use.slice) holds \(amount)")
            }
        }
        guard report.bySuccessor else { return }
        // Who has nothing open needs no closing, and no place among those that may never reserve again.
        guard report.uses.contains(where: { book.open[$0.slice] != nil }) else {
            throw Refusal(.exists, "these slices are closed")
        }
        guard fenced(report.incarnation, owners.node(of: report.incarnation) ?? signer.name) else {
            throw Refusal(.predecessorAlive, "the incarnation may still hold a lease", retryAfterMS: 200)
        }
    }
}
