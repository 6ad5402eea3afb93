internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire

/// Decisions of certain grants: which these are is found out here, some of them in one turn.
extension Sequencer {
    /// Answered later: see `DecisionSearch.ask`.
    func look(_ query: Penstock_V1_DecisionQuery, _ incoming: Incoming) throws(Refusal) {
        // A command that has waited for long asks again, under the same id.
        guard !lookups.hasTaken(query, incoming) else { return }
        for older in lookups.end(at: incoming.route) where older.id != incoming.id {
            refuse(older, Refusal(.busy, "a newer question came over the same connection", retryAfterMS: 200))
        }
        let texts = Self.texts(query)
        guard !texts.isEmpty else { return try look(query, ofGrants: nil, incoming) }
        if texts.count == 1, let id = texts[.grant], let forgotten = ledger.state.forgottenGrant(id) {
            return try look(query, ofGrants: [forgotten], incoming)
        }
        var filter = View.GrantFilter()
        filter.texts = texts
        var lookup = GrantLookup(query: query, incoming: incoming, filter: filter)
        if lookup.goOn(ledger.state.view) { return try look(query, ofGrants: lookup.found, incoming) }
        guard lookups.add(lookup) else { throw Self.isLooking(for: incoming) }
    }

    /// Goes on with one of those that wait, each in its turn, and with none whose asker has left.
    func goOnLooking() {
        let lookup = lookups.goOn(ledger.state.view) { incoming in
            ledger.state.view.member(incoming.sender.name) == incoming.sender && !requests.hasEnded(incoming.route)
        }
        guard let lookup else { return }
        do throws(Refusal) {
            try look(lookup.query, ofGrants: lookup.found, lookup.incoming)
        } catch {
            refuse(lookup.incoming, error)
        }
    }

    /// Of grants, byte for byte.
    static func texts(_ query: Penstock_V1_DecisionQuery) -> [Selector.Kind: String] {
        [
            .grant: query.grantID, .run: query.runID, .agent: query.agentID, .agentClass: query.agentClass,
            .principal: query.principalID, .purpose: query.purpose, .audience: query.audience, .issuer: query.issuer,
        ].filter { !$0.value.isEmpty }
    }
}
