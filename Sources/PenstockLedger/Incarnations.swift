internal import Foundation
internal import PenstockCore
internal import PenstockProto

/// Who is told which incarnations: a name that nobody knows, nobody can take. Operators and auditors are told all, a node
/// its own, and nothing else needs them.
extension NodeKeys {
    func sees(incarnationsOf node: String) -> Bool { role == .operator || role == .auditor || name == node }
}

extension Penstock_V1_BarrierReply {
    func shown(to asker: NodeKeys) -> Self {
        var shown = self
        for index in nodes.indices where !asker.sees(incarnationsOf: nodes[index].node) { shown.nodes[index].incarnation = .init() }
        return shown
    }
}

extension Penstock_V1_BudgetReply {
    func shown(to asker: NodeKeys) -> Self {
        var shown = self
        for budget in budgets.indices {
            for slice in budgets[budget].slices.indices where !asker.sees(incarnationsOf: budgets[budget].slices[slice].node) {
                shown.budgets[budget].slices[slice].incarnation = .init()
            }
        }
        return shown
    }
}
