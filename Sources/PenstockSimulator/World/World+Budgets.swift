internal import PenstockCore

/// What an operator makes and changes of budgets, debts and named rates.
extension World {
    func createBudget(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.keys.sorted()
        let parent = draw.chance(500) && !names.isEmpty ? draw.pick(names) : ""
        var budget = Budget(
            name: "b\(commands.count)", unit: "usd", ceiling: draw.pick([100, 3000, 200_000]), parent: parent)
        budget.selector = draw.pick([
            nil, nil, .agent("a\(draw.below(6))"), .principal("p\(draw.below(4))"), .run("r\(draw.below(12))"),
        ])
        budget.window = draw.pick([
            .none, .none, .fixed(milliseconds: 1000), .fixed(milliseconds: 5000), .rolling(milliseconds: 12_000),
            .calendar(.day, zone: "UTC"),
        ])
        budget.maxOut = draw.pick([0, 0, 0, 50])
        budget.warnAt = draw.pick([[], [50, 90]])
        command(.budgetCreated(budget), by: "op")
    }

    func setCeiling(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.keys.sorted()
        guard !names.isEmpty, let budget = checker.budgets[draw.pick(names)]?.history.first?.budget else { return }
        let ceiling = draw.pick([budget.ceiling / 4, budget.ceiling, budget.ceiling * 2])
        coverage.note(ceiling > budget.ceiling ? .ceilingRaised : .ceilingLowered)
        command(.budgetCeilingSet(.named(budget.name), ceiling: ceiling, reason: ""), by: "op")
    }

    /// At a part of what was reported, or at nothing.
    func settleDebt(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let open = host.ledger?.state.book.debts.filter { !$0.value.isAccepted }.sorted { $0.key < $1.key } ?? []
        guard !open.isEmpty else { return }
        let (position, owed) = draw.pick(open)
        let part = draw.pick([0, 0, 1, 3] as [Int64])
        let charged = owed.debt.amounts.map { Amount($0.unit, $0.value / 3 * part) }
        command(
            .debtSettled(DebtSettlement(position: position, reported: owed.debt.amounts, charged: charged), reason: ""),
            by: "op")
    }

    func change(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.filter { !$0.value.budget.isClosed }.keys.sorted()
        switch draw.below(8) {
        case 0, 1, 2:
            guard !names.isEmpty else { return }
            command(
                .budgetChanged(
                    BudgetChange(name: draw.pick(names), parent: draw.pick(["", draw.pick(names), draw.pick(names)])),
                    reason: ""), by: "op")
        case 3:
            guard !names.isEmpty else { return }
            command(
                .budgetChanged(
                    BudgetChange(name: draw.pick(names), maxOut: draw.pick([0, 20, 400]), warnAt: [70]), reason: ""),
                by: "op")
        case 4:
            // What many draw on stays, or nothing else would happen.
            guard names.count > 4 else { return }
            command(.budgetClosed(draw.pick(names), reason: ""), by: "op")
        default:
            guard !checker.namedRates.isEmpty else { return }
            let old = draw.pick(checker.namedRates).rate.rate
            let new = Rate(
                name: old.name, unit: old.unit, limit: draw.pick([3, 60]), periodMS: old.periodMS,
                burst: draw.pick([4, 70]))
            command(draw.chance(300) ? .rateClosed(old.name, reason: "") : .rateChanged(new, reason: ""), by: "op")
        }
    }
}
