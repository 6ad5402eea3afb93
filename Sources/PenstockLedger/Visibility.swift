internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire

/// Who may ask what. Every member may fetch the log, and so every member may ask for the lists, which say nothing more.
/// Decisions are not in the log: people who answer for agents see them, and nobody else.
extension Request.OneOf_Kind {
    /// Throws where a member of the role may not ask it.
    func check(askedBy role: Role) throws(Refusal) {
        let (roles, what): ([Role], String) =
            switch self {
            case .snapshot: ([.enforcer, .auditor], "snapshots are for enforcers and auditors")
            case .audit: ([.operator, .auditor], "decisions are for operators and auditors")
            case .decisions: ([.enforcer], "only an enforcer ships decisions")
            case .submit, .echo, .ack, .fetch, .reserve, .cosign, .receipt, .status, .head, .budgets, .proof, .barrier,
                .grants, .restrictions, .rates, .members:
                (Role.allCases, "")
            }
        guard roles.contains(role) else { throw Refusal(.notPermitted, what) }
    }
}

/// Who is told which incarnations: a name that nobody knows, nobody can take. Operators and auditors are told all, a
/// node its own, and nothing else needs them.
extension NodeKeys {
    func sees(incarnationsOf node: String) -> Bool { role == .operator || role == .auditor || name == node }
}

extension Penstock_V1_BarrierReply {
    func shown(to asker: NodeKeys) -> Self {
        var shown = self
        for index in nodes.indices where !asker.sees(incarnationsOf: nodes[index].node) {
            shown.nodes[index].incarnation = .init()
        }
        return shown
    }
}

extension Penstock_V1_BudgetReply {
    func shown(to asker: NodeKeys) -> Self {
        var shown = self
        for budget in budgets.indices {
            for slice in budgets[budget].slices.indices
            where !asker.sees(incarnationsOf: budgets[budget].slices[slice].node) {
                shown.budgets[budget].slices[slice].incarnation = .init()
            }
        }
        return shown
    }
}
