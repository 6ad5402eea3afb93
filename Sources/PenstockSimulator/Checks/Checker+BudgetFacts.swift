internal import PenstockCore

/// What the log says of budgets and of those that a call draws on.
extension Checker {
    struct BudgetFacts {
        var budget: Budget
        /// Of its event.
        var position: Position
        /// The highest that its ceiling ever was: what was spent under it stays spent.
        var maxCeiling: Int64
        var windows: [WindowOpening] = []
        /// Out, when it was created, of grants that it covers: drawn on it by nobody.
        var slack: Int64 = 0
        var openDebts: Set<Position> = []
        /// Its ceiling was set, it was changed, or a debt of it was recorded.
        var hasMoved = false
        /// What it was from which position on.
        var history: [(position: Position, budget: Budget)]

        init(budget: Budget, position: Position) {
            (self.budget, self.position, maxCeiling) = (budget, position, budget.ceiling)
            history = [(position, budget)]
        }

        mutating func change(at position: Position, _ change: (inout Budget) -> Void) {
            change(&budget)
            history.append((position, budget))
            hasMoved = true
        }

        /// What only the lost part of a log had is not so any more.
        mutating func lose(after position: Position) {
            history.removeAll { $0.position > position }
            budget = history.last?.budget ?? budget
        }
    }

    /// A budget's window; budgets without windows have the one of number 0.
    struct Place: Hashable {
        var key: BudgetKey
        var window: UInt64
    }

    struct Overrun: Hashable {
        var incarnation: Incarnation
        var decision: UInt64
    }

    /// A budget that the log has created: it speaks of no other.
    subscript(budget name: String) -> BudgetFacts {
        get { budgets[name]! }  // The log has it.
        _modify { yield &budgets[name]! }  // The log has it.
    }

    /// The ceiling of a grant's own budget, as it was issued; nil for a named one.
    func ownCeiling(_ key: BudgetKey) -> Int64? {
        guard case .grant(let id, let unit) = key, let owner = Int(id.dropFirst()) else { return nil }
        return grants[owner].grant.budgets.first { $0.unit == unit }?.value
    }

    /// Every budget that a call of the grant draws on, each once.
    func levels(_ grant: Int, _ unit: String) -> [BudgetKey] {
        var levels: [BudgetKey] = []
        var names = budgets.values.filter { $0.budget.selector.map { covers($0, grant) } ?? false }.map(\.budget.name)
            .sorted()
        for above in line(grant).map({ grants[$0].grant }) {
            if above.budgets.contains(where: { $0.unit == unit }) { levels.append(.grant(above.grantID, unit: unit)) }
            names += above.draws
        }
        for name in names {
            var next = name
            while let facts = budgets[next], facts.budget.unit == unit, !levels.contains(.named(next)) {
                levels.append(.named(next))
                next = facts.budget.parent
            }
        }
        return levels
    }
}
