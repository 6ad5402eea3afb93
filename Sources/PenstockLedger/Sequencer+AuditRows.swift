internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockSystem

/// What the ledger knows beside the decisions of an answer.
extension Sequencer {
    /// What a grant has by itself, and from its parents.
    func complete(_ row: inout Penstock_V1_GrantInForce) {
        let view = ledger.state.view
        guard let index = view.index(ofGrant: row.grantID) else { return }
        let grant = view.grants[index]
        row.position = grant.position
        row.runID = view.symbols.text(grant.run)
        row.agentID = view.symbols.text(grant.agent)
        row.agentClass = view.symbols.text(grant.agentClass)
        row.principalID = view.symbols.text(grant.principal)
        row.purpose = view.symbols.text(grant.purpose)
        row.audience = view.symbols.text(grant.audience)
        row.issuer = view.symbols.text(grant.issuer)
        row.expiresAtMs = view.chain(ofGrant: index).map { view.grants[$0].expiresAt }.min() ?? grant.expiresAt
    }

    /// What a node has said of its journal last.
    func note(_ row: inout Penstock_V1_NodeDecisions, at now: Instant) {
        guard let said = recorded[row.node] else {
            row.saidMsAgo = -1 - (now - startedAt) / .nanosecondsPerMillisecond
            return
        }
        row.recorded = said.sequence
        row.saidMsAgo = (now - said.at) / .nanosecondsPerMillisecond
        let incarnation = Data(said.incarnation.bytes)
        // What an earlier one has shipped says nothing of this one's.
        if row.incarnation != incarnation { (row.incarnation, row.shipped) = (incarnation, 0) }
    }
}
