/// Which role may cause which event kind. One table, default deny.
///
/// `ledger` rows are events that only the ledger writes about what it did itself; nobody can submit them.
package enum Authority {
    package static func permits(_ role: Role, _ kind: EventKind.Name) -> Bool {
        switch (kind, role) {
        case (.genesis, .ledger), (.nodeAdmitted, .ledger), (.epochOpened, .ledger), (.sliceReserved, .ledger),
            (.lifted, .ledger), (.windowOpened, .ledger), (.budgetWarned, .ledger), (.timeNoted, .ledger),
            (.forgotten, .ledger):
            true
        case (.nodeExpelled, .operator), (.joinTokenMade, .operator), (.settingsChanged, .operator),
            (.restricted, .operator), (.lifted, .operator), (.budgetCreated, .operator),
            (.budgetCeilingSet, .operator), (.debtsAccepted, .operator), (.sliceClosed, .operator),
            (.rateCreated, .operator),
            (.timeAccepted, .operator), (.debtSettled, .operator), (.budgetChanged, .operator),
            (.budgetClosed, .operator),
            (.rateChanged, .operator), (.rateClosed, .operator):
            true
        case (.grantIssued, .issuer), (.grantRenewed, .issuer):
            true
        case (.spendReported, .enforcer), (.sliceClosed, .enforcer), (.decisionBatch, .enforcer),
            (.debtRecorded, .enforcer):
            true
        default:
            false
        }
    }

    /// Whether a member may send this kind to the ledger: the ledger's own kinds never arrive from outside.
    package static func maySubmit(_ role: Role, _ kind: EventKind.Name) -> Bool {
        role != .ledger && permits(role, kind)
    }
}

extension EventKind {
    /// The kind without its content.
    package enum Name: String, Sendable, CaseIterable {
        case genesis
        case nodeAdmitted = "node_admitted"
        case nodeExpelled = "node_expelled"
        case joinTokenMade = "join_token_made"
        case epochOpened = "epoch_opened"
        case settingsChanged = "settings_changed"
        case grantIssued = "grant_issued"
        case grantRenewed = "grant_renewed"
        case restricted
        case lifted
        case budgetCreated = "budget_created"
        case budgetCeilingSet = "budget_ceiling_set"
        case budgetWarned = "budget_warned"
        case windowOpened = "window_opened"
        case debtRecorded = "debt_recorded"
        case debtsAccepted = "debts_accepted"
        case rateCreated = "rate_created"
        case sliceReserved = "slice_reserved"
        case spendReported = "spend_reported"
        case sliceClosed = "slice_closed"
        case decisionBatch = "decision_batch"
        case timeAccepted = "time_accepted"
        case timeNoted = "time_noted"
        case debtSettled = "debt_settled"
        case budgetChanged = "budget_changed"
        case budgetClosed = "budget_closed"
        case rateChanged = "rate_changed"
        case rateClosed = "rate_closed"
        case forgotten
    }

    package var name: Name {
        switch self {
        case .genesis: .genesis
        case .nodeAdmitted: .nodeAdmitted
        case .nodeExpelled: .nodeExpelled
        case .joinTokenMade: .joinTokenMade
        case .epochOpened: .epochOpened
        case .settingsChanged: .settingsChanged
        case .grantIssued: .grantIssued
        case .grantRenewed: .grantRenewed
        case .restricted: .restricted
        case .lifted: .lifted
        case .budgetCreated: .budgetCreated
        case .budgetCeilingSet: .budgetCeilingSet
        case .budgetWarned: .budgetWarned
        case .windowOpened: .windowOpened
        case .debtRecorded: .debtRecorded
        case .debtsAccepted: .debtsAccepted
        case .rateCreated: .rateCreated
        case .sliceReserved: .sliceReserved
        case .spendReported: .spendReported
        case .sliceClosed: .sliceClosed
        case .decisionBatch: .decisionBatch
        case .timeAccepted: .timeAccepted
        case .timeNoted: .timeNoted
        case .forgotten: .forgotten
        case .debtSettled: .debtSettled
        case .budgetChanged: .budgetChanged
        case .budgetClosed: .budgetClosed
        case .rateChanged: .rateChanged
        case .rateClosed: .rateClosed
        }
    }
}

extension EventKind.Name {
    /// Whether its fold changes who is a member: whoever signed a later event is known only behind it.
    package var changesMembers: Bool {
        switch self {
        case .genesis, .nodeAdmitted, .nodeExpelled: true
        case .joinTokenMade, .epochOpened, .settingsChanged, .grantIssued, .grantRenewed, .restricted, .lifted,
            .budgetCreated, .budgetCeilingSet, .budgetWarned, .windowOpened, .debtRecorded, .debtsAccepted,
            .rateCreated, .sliceReserved, .spendReported, .sliceClosed, .decisionBatch, .timeAccepted, .timeNoted,
            .debtSettled, .budgetChanged, .budgetClosed, .rateChanged, .rateClosed, .forgotten:
            false
        }
    }
}
