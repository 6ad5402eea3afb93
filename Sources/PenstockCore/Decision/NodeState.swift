/// What all decisions of a node read and none of them changes: its view, its lease, and whether it has halted.
///
/// Whoever changes it keeps every decision away meanwhile: see `Shards`.
package struct NodeState: ~Copyable, Sendable {
    private let inPlace = InPlace()
    package let name: String
    package let incarnation: Incarnation
    /// Destination services that this node stands before; a grant for another one is refused.
    package let audiences: [String]
    /// Empty before the first snapshot: see `hasView`.
    package internal(set) var view = View()
    package internal(set) var hasView = false
    package internal(set) var lease = Lease()
    /// Why the node must not serve until it is restarted or an operator decides; nil in health.
    package internal(set) var halted: String?
    /// Of the node's own name in the view.
    var symbol: Symbol = 0

    init(name: String, incarnation: Incarnation, audiences: [String]) {
        self.name = name
        self.incarnation = incarnation
        self.audiences = audiences
    }

    package func isFresh(at now: Instant) -> Bool {
        guard halted == nil, hasView, let age = lease.age(at: now) else { return false }
        return age < min(view.settings.maxStaleness, lease.bounds.staleness)
    }

    /// The least that the ledger's clock can say now; the beginning of time before the first lease.
    package func earliestTime(at now: Instant) -> WallTime {
        lease.clock?.earliest(at: now, ratePPM: view.settings.clockRatePPM) ?? .min
    }

    /// Whether a grant has this credential; true while there is no view to look in.
    package func mayKnow(_ credential: Digest) -> Bool { !hasView || view.index(of: credential) != nil }

    /// Whether news may still change what this call is told, so that it is worth waiting before it is decided: the view
    /// is fresh, and has not reached `atLeast`, or the call or its grant is linearizable and no echo sent since
    /// `arrivedAt` has confirmed the view. A stale view does not wait, since waiting would not make its answer truer;
    /// nor does an unknown credential, or anybody could make a node wait. Nothing is taken or recorded.
    package func awaitsNews(_ call: borrowing Call, arrivedAt: Instant, now: Instant) -> Bool {
        guard isFresh(at: now), let confirmedAt = lease.confirmedAt, let index = view.index(of: call.credential)
        else { return false }
        return view.position < call.atLeast
            || isLinearizable(view.grants[index], call) && confirmedAt < arrivedAt
    }
}
