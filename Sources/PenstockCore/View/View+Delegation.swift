/// The grants above a grant, and what they bound.
extension View {
    /// A grant and all above it, itself first.
    package func chain(ofGrant index: Int) -> UnfoldFirstSequence<Int> {
        sequence(first: index) { grants[$0].parent < 0 ? nil : Int(grants[$0].parent) }
    }

    /// A grant as decisions read it, with the budgets that bound it up its chain, and every unit that it meters.
    package func bounds(ofGrant index: Int) -> (grant: Grant, units: [String]) {
        var grant = placedGrant(index).grant
        var least: [String: Int64] = [:]
        for above in chain(ofGrant: index) {
            for budget in rules[Int(grants[above].rules)].budgets {
                least[budget.unit] = min(budget.value, least[budget.unit] ?? .max)
            }
        }
        grant.rates = chain(ofGrant: index).flatMap { rules[Int(grants[$0].rules)].rates }
        grant.budgets = least.map { Amount($0.key, $0.value) }.sorted { $0.unit < $1.unit }
        return (grant, rules[Int(grants[index].rules)].meteredUnits)
    }
}
