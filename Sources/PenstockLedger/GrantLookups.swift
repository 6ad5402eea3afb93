internal import PenstockCore
internal import PenstockProto
internal import PenstockTransport

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

/// Those that are not at their end: one of each connection, so many of a member. One ends early when its asker leaves,
/// or asks something else.
struct GrantLookups {
    private var waiting: [GrantLookup] = []

    var isEmpty: Bool { waiting.isEmpty }

    /// Whether the same question is being answered already.
    func hasTaken(_ query: Penstock_V1_DecisionQuery, _ incoming: Sequencer.Incoming) -> Bool {
        waiting.contains {
            $0.incoming.route == incoming.route && $0.incoming.id == incoming.id && $0.query == query
        }
    }

    /// Returns whether there was room.
    mutating func add(_ lookup: GrantLookup) -> Bool {
        let member = lookup.incoming.sender.name
        guard waiting.count(where: { $0.incoming.sender.name == member }) < Limits.grantLookupsPerMember else {
            return false
        }
        waiting.append(lookup)
        return true
    }

    /// Ends what a connection has asked. Returns who is not answered by that.
    mutating func end(at route: RoutingID) -> [Sequencer.Incoming] {
        let ended = waiting.filter { $0.incoming.route == route }.map(\.incoming)
        if !ended.isEmpty { waiting.removeAll { $0.incoming.route == route } }
        return ended
    }

    /// Goes on with the one whose turn it is. Returns it at its end.
    ///
    /// - Parameter isThere: whether its asker still is.
    mutating func goOn(_ view: View, isThere: (Sequencer.Incoming) -> Bool) -> GrantLookup? {
        while !waiting.isEmpty {
            var lookup = waiting.removeFirst()
            guard isThere(lookup.incoming) else { continue }
            if lookup.goOn(view) { return lookup }
            waiting.append(lookup)
            return nil
        }
        return nil
    }
}
