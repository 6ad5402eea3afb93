internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire

/// A question about decisions while it is found out which grants it means: so many are looked at in one turn.
struct GrantLookup {
    let query: Penstock_V1_DecisionQuery
    let incoming: Sequencer.Incoming
    let filter: View.GrantFilter
    var found: [Position] = []
    /// Grants up to this position were looked at.
    var after: Position = 0

    /// Looks at some more. Returns whether these were the last.
    mutating func goOn(_ view: View) -> Bool {
        let part = view.positions(filter, after: after, looked: Limits.grantsPerPart)
        found += part.rows
        after = part.next ?? 0
        return part.next == nil
    }
}

extension Sequencer {
    /// Answered later: see `DecisionSearch.ask`.
    func look(_ query: Penstock_V1_DecisionQuery, _ incoming: Incoming) throws(Refusal) {
        let texts = Self.texts(query)
        guard !texts.isEmpty else { return try look(query, ofGrants: nil, incoming) }
        if texts.count == 1, let id = texts[.grant], let forgotten = ledger.state.forgottenGrant(id) {
            return try look(query, ofGrants: [forgotten], incoming)
        }
        var filter = View.GrantFilter()
        filter.texts = texts
        var lookup = GrantLookup(query: query, incoming: incoming, filter: filter)
        if lookup.goOn(ledger.state.view) { return try look(query, ofGrants: lookup.found, incoming) }
        guard lookups.count(where: { $0.incoming.sender.name == incoming.sender.name }) < Self.lookupsPerMember else {
            throw Self.isLooking(for: incoming)
        }
        lookups.append(lookup)
    }

    /// Goes on with one of those that wait, each in its turn.
    func goOnLooking() {
        guard !lookups.isEmpty else { return }
        var lookup = lookups.removeFirst()
        guard lookup.goOn(ledger.state.view) else { return lookups.append(lookup) }
        do throws(Refusal) {
            try look(lookup.query, ofGrants: lookup.found, lookup.incoming)
        } catch {
            refuse(lookup.incoming, error)
        }
    }

    /// A command asks one after another.
    private static var lookupsPerMember: Int { 4 }

    /// Of grants, byte for byte.
    static func texts(_ query: Penstock_V1_DecisionQuery) -> [Selector.Kind: String] {
        [
            .grant: query.grantID, .run: query.runID, .agent: query.agentID, .agentClass: query.agentClass,
            .principal: query.principalID, .purpose: query.purpose, .audience: query.audience, .issuer: query.issuer,
        ].filter { !$0.value.isEmpty }
    }
}
