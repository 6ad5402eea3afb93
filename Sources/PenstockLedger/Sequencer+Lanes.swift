internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire

/// What a request is for, and what it costs the turn that takes it up.
extension Sequencer {
    static func lane(of kind: Request.OneOf_Kind, from sender: NodeKeys) -> Lane {
        switch kind {
        case .submit(let submit):
            switch sender.role {
            case .enforcer: .spend
            case .operator: isUrgent(submit) ? .restriction : .submission
            case .issuer, .auditor, .ledger: .submission
            }
        case .reserve: .spend
        case .echo, .ack: .lease
        case .decisions: .decisions
        case .cosign: .submission
        case .fetch, .snapshot, .receipt, .status, .audit, .head, .budgets, .proof, .barrier, .grants, .restrictions,
            .rates, .members:
            .query
        }
    }

    /// Whether it is what an operator stops agents and nodes with, or lets them go on.
    private static func isUrgent(_ submit: Penstock_V1_Submit) -> Bool {
        switch (try? SignedEvent(entry: [UInt8](submit.event)))?.event.kind {
        case .restricted, .lifted, .nodeExpelled: true
        default: false
        }
    }

    static func cost(of kind: Request.OneOf_Kind) -> Int64 {
        switch kind {
        case .submit, .cosign: TurnCost.event
        case .reserve: TurnCost.reserve
        case .echo, .ack: TurnCost.lease
        case .decisions: TurnCost.decisions
        case .head, .proof: TurnCost.proof
        case .fetch, .snapshot, .receipt, .status, .budgets, .barrier, .grants, .restrictions, .rates, .members:
            TurnCost.page
        case .audit: 4 * TurnCost.page
        }
    }
}
