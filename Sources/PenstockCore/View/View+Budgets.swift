/// Which budgets a grant's spend is drawn on.
extension View {
    /// Every budget that a slice of this unit must be taken from, each once: of the grant and each grant that it was
    /// delegated from, its own, those it names, those that cover it, and the parents of all these.
    package func levels(ofGrant index: Int, unit: String) -> [BudgetKey] {
        var levels: [BudgetKey] = []
        var index = index
        while index >= 0 {
            let grant = grants[index]
            let rules = rules[Int(grant.rules)]
            if rules.budgets.contains(where: { $0.unit == unit }) {
                levels.append(.grant(symbols.text(grant.grant), unit: unit))
            }
            for name in rules.draws { add(budgetOfName[name], unit, to: &levels) }
            for symbol in [
                grant.run, grant.agent, grant.agentClass, grant.principal, grant.purpose, grant.audience, grant.issuer,
                grant.grant,
            ] {
                for covering in budgetsOfSymbol[symbol] ?? [] { add(covering, unit, to: &levels) }
            }
            index = Int(grant.parent)
        }
        for covering in budgetsOfAll { add(covering, unit, to: &levels) }
        return levels
    }

    /// The budgets that a grant was issued with.
    func ownBudgets(ofGrant index: Int) -> [BudgetKey] {
        let id = symbols.text(grants[index].grant)
        return rules[Int(grants[index].rules)].budgets.map { .grant(id, unit: $0.unit) }
    }

    private func add(_ index: Int?, _ unit: String, to levels: inout [BudgetKey]) {
        var index = index
        while let next = index, budgets[next].unit == unit, !levels.contains(.named(budgets[next].name)) {
            levels.append(.named(budgets[next].name))
            index = budgetOfName[budgets[next].parent]
        }
    }

    /// Whether a call of this grant can spend the unit only from slices.
    package func isMetered(_ unit: String, ofGrant index: Int) -> Bool {
        var next = index
        while next >= 0 {
            if rules[Int(grants[next].rules)].meteredUnits.contains(unit) { return true }
            next = Int(grants[next].parent)
        }
        return marks(onGrant: index).contains(.budgeted) && !levels(ofGrant: index, unit: unit).isEmpty
    }

    /// How much of the unit may be out at once for this grant, by the narrowest of its budgets.
    func mostOut(_ unit: String, ofGrant index: Int) -> (name: String, amount: Int64)? {
        var least: (name: String, amount: Int64)?
        for case .named(let name) in levels(ofGrant: index, unit: unit) {
            guard let most = budget(name)?.maxOut, most > 0, most < least?.amount ?? .max else { continue }
            least = (name, most)
        }
        return least
    }

    /// The nearest grant above, or the one itself, that owes.
    func owingGrant(_ index: Int) -> String {
        chain(ofGrant: index).map { symbols.text(grants[$0].grant) }.first { id in
            marks[Int(symbols.find(.grant, id)!)].contains(.frozen)
        } ?? ""
    }

    package func budget(_ name: String) -> Budget? { budgetOfName[name].map { budgets[$0] } }

    /// How many levels a budget has below it, its own included.
    func height(ofBudget name: String) -> Int {
        var (height, level) = (0, Set([name]))
        while !level.isEmpty, height <= Limits.budgetDepth {
            height += 1
            level = Set(budgets.lazy.filter { level.contains($0.parent) }.map(\.name))
        }
        return height
    }

    mutating func change(_ change: BudgetChange) {
        guard let index = budgetOfName[change.name] else { return }
        if let parent = change.parent { budgets[index].parent = parent }
        if let most = change.maxOut { budgets[index].maxOut = most }
        if let warnAt = change.warnAt { budgets[index].warnAt = warnAt }
    }

    mutating func add(_ budget: Budget) {
        budgetOfName[budget.name] = budgets.count
        if let selector = budget.selector {
            if selector == .all {
                budgetsOfAll.append(budgets.count)
            } else {
                budgetsOfSymbol[intern(selector), default: []].append(budgets.count)
            }
            mark(selector, .budgeted)
        }
        budgets.append(budget)
    }
}
