/// Named budgets under their parents, each level by name, then the others.
struct BudgetTree {
    struct Row {
        var budget: BudgetView
        /// How far it lies below the top.
        var depth: Int
    }

    private let children: [String: [BudgetView]]
    private let others: [BudgetView]

    init(_ budgets: [BudgetView]) {
        children = Dictionary(grouping: budgets.filter { !$0.isOfGrant }, by: \.parent)
        others = budgets.filter(\.isOfGrant)
    }

    var rows: [Row] { rows(below: "", depth: 0) + others.map { Row(budget: $0, depth: 0) } }

    /// Names of what lies below that one.
    func names(below name: String) -> Set<String> { Set(rows(below: name, depth: 0).map(\.budget.name)) }

    private func rows(below parent: String, depth: Int) -> [Row] {
        (children[parent] ?? []).flatMap { [Row(budget: $0, depth: depth)] + rows(below: $0.name, depth: depth + 1) }
    }
}

extension BudgetView {
    /// A name of its own has no '/'.
    var isOfGrant: Bool { name.contains("/") }

    /// Whether that is its name, or its grant's id.
    func isCalled(_ text: String) -> Bool { name == text || isOfGrant && name.hasPrefix(text + "/") }
}
