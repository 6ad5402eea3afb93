/// What the ledger knows of one incarnation's lease: nothing but when it may have been given one last.
package struct Presence: Hashable, Sendable {
    package var node: String
    package var incarnation: Incarnation
    /// The later of "its echo was registered" and "the reply was sent": no lease of it began after this.
    package var lastEcho: Instant
    /// Everything at or below is in its view.
    package var applied: Position = 0
    /// Restrictions ahead of `applied` that it has taken from the urgent lane.
    package var urgent: Set<Position> = []
    package var ackedAt: Instant
    package var version = ""
    package var viewAgeMS: UInt32 = 0
    /// It said that it admits nothing more.
    package var ended = false

    package func has(_ position: Position) -> Bool {
        applied >= position || urgent.contains(position)
    }
}

/// Every incarnation that may hold a lease, and how long each may at most.
package struct PresenceTable: Sendable {
    package private(set) var presences: [Incarnation: Presence] = [:]
    /// Incarnations of each node among them.
    private var incarnations: [String: Set<Incarnation>] = [:]
    /// Nodes that a ledger process before this one may have given a lease, until when.
    package private(set) var inherited: [String: Instant] = [:]
    /// B with the largest settings that may still be live. It never falls while the process runs.
    package private(set) var bound: Nanoseconds = 0
    /// The newest restriction that each node should have by now, and those after it, with the time until which they may
    /// wait.
    private var expected: Position = 0
    private var expectedLater: [(position: Position, from: Instant)] = []

    package init() {}

    /// A node's starts that have not ended, in their order.
    package func starts(of node: String) -> [Presence] {
        // Both are kept together.
        (incarnations[node] ?? []).map { presences[$0]! }.filter { !$0.ended }.sorted {
            $0.incarnation < $1.incarnation
        }
    }

    /// A ledger that has just started counts every lease that one before it could have given.
    package mutating func started(at now: Instant, nodes: [String], bound: Nanoseconds) {
        allow(bound)
        for node in nodes { inherited[node] = now + self.bound }
    }

    package mutating func allow(_ bound: Nanoseconds) {
        self.bound = max(self.bound, bound)
    }

    /// Has room for another incarnation of a node: where it has its most, the one that was fenced first is forgotten.
    /// Returns false when none is fenced, as forgetting one that may hold a lease would let a barrier close over it.
    package mutating func makeRoom(for incarnation: Incarnation, node: String, at now: Instant) -> Bool {
        guard presences[incarnation] == nil, let own = incarnations[node], own.count >= Limits.incarnationsPerNode
        else { return true }
        let fences = own.map { (fence: fencedAt(presences[$0]!), incarnation: $0) }
        guard let oldest = fences.min(by: { ($0.fence, $0.incarnation) < ($1.fence, $1.incarnation) }),
            oldest.fence <= now
        else { return false }
        remove(oldest.incarnation)
        return true
    }

    private mutating func remove(_ incarnation: Incarnation) {
        guard let presence = presences.removeValue(forKey: incarnation) else { return }
        incarnations[presence.node]?.remove(incarnation)
        if incarnations[presence.node]?.isEmpty == true { incarnations[presence.node] = nil }
    }

    /// A restriction is durable. A node that has not taken it up after `patience` is given no lease until it has: what
    /// is still fenced then keeps no later barrier waiting, and whoever never folds anything keeps none at all.
    package mutating func restricted(_ position: Position, patience: Nanoseconds, at now: Instant) {
        // Of very many, some are waited for as long as the next one.
        if expectedLater.count == Limits.restrictionsExpected { expectedLater.removeLast() }
        expectedLater.append((position, now + patience))
    }

    /// Restrictions of before this process are expected from the start.
    package mutating func restrictedBefore(_ position: Position) { expected = max(expected, position) }

    /// Whether a node that has applied so much may be given a lease.
    package mutating func mayRenew(_ incarnation: Incarnation, applied: Position, at now: Instant) -> Bool {
        let due = expectedLater.prefix { $0.from <= now }
        if let last = due.last { expected = max(expected, last.position) }
        expectedLater.removeFirst(due.count)
        return applied >= expected || presences[incarnation]?.has(expected) ?? false
    }

    /// An echo enters before the log is read for it, and again when its reply is sent. Returns false, and gives no
    /// lease, when the incarnation belongs to another node.
    @discardableResult
    package mutating func echoed(_ incarnation: Incarnation, node: String, at now: Instant) -> Bool {
        guard presences[incarnation]?.node ?? node == node else { return false }
        presences[incarnation, default: Presence(node: node, incarnation: incarnation, lastEcho: now, ackedAt: now)]
            .lastEcho = now
        incarnations[node, default: []].insert(incarnation)
        return true
    }

    package mutating func described(_ incarnation: Incarnation, version: String, viewAgeMS: UInt32) {
        presences[incarnation]?.version = version
        presences[incarnation]?.viewAgeMS = viewAgeMS
    }

    /// Returns false when the incarnation belongs to another node: an acknowledgement speaks for its sender alone.
    package mutating func acked(
        _ incarnation: Incarnation, node: String, applied: Position, urgent: [Position], ended: Bool, at now: Instant
    ) -> Bool {
        guard var presence = presences[incarnation], presence.node == node else { return false }
        presence.applied = max(presence.applied, applied)
        presence.urgent.formUnion(urgent)
        presence.urgent = presence.urgent.filter { $0 > presence.applied }
        presence.ackedAt = now
        presence.ended = presence.ended || ended
        presences[incarnation] = presence
        return true
    }

    /// From here on it can only deny, unless it is given another lease.
    package func fencedAt(_ presence: Presence) -> Instant {
        presence.ended ? presence.ackedAt : presence.lastEcho + bound
    }

    /// Never true of an incarnation that is another node's.
    package func isFenced(_ incarnation: Incarnation, node: String, at now: Instant) -> Bool {
        if let presence = presences[incarnation] { return presence.node == node && now >= fencedAt(presence) }
        return now >= inherited[node] ?? .min
    }

    /// It has echoed lately, and may do what it is asked.
    package func isLive(_ incarnation: Incarnation, at now: Instant) -> Bool {
        presences[incarnation].map { now < fencedAt($0) } ?? false
    }

    /// Forgets incarnations that have been fenced for a long time.
    package mutating func forget(before: Instant) {
        for presence in presences.values where fencedAt(presence) <= before { remove(presence.incarnation) }
    }
}
