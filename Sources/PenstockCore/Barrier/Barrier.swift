/// The wait until a restriction is enforced or fenced at every incarnation that may have had a lease when it
/// became durable. An incarnation that appears later needs no waiting for: its first lease covers the position.
package struct Barrier: Sendable {
    package let position: Position
    package let eventID: Digest
    package let openedAt: Instant
    /// What every fence is counted with.
    package let bound: Nanoseconds
    package private(set) var nodes: [NodeState]
    package private(set) var state: State = .waiting
    package private(set) var settledAt: Instant

    package enum State: Hashable, Sendable {
        case waiting
        case closed
        /// The restriction was lifted before every node had settled.
        case lifted
    }

    package struct NodeState: Hashable, Sendable {
        package var node: String
        package var incarnation: Incarnation
        package var state: Settlement
        package var settledAt: Instant
        package var applied: Position
        package var fencedAt: Instant
    }

    package enum Settlement: Hashable, Sendable {
        case pending
        case enforced
        case fenced
    }

    package init(position: Position, eventID: Digest, table: PresenceTable, at now: Instant) {
        self.position = position
        self.eventID = eventID
        openedAt = now
        settledAt = now
        bound = table.bound
        nodes = table.presences.values.map {
            NodeState(
                node: $0.node, incarnation: $0.incarnation, state: .pending, settledAt: now, applied: $0.applied,
                fencedAt: Self.fence($0, table, openedAt: now))
        }
        nodes += table.inherited.filter { $0.value > now }.map {
            NodeState(
                node: $0.key, incarnation: .unknown, state: .pending, settledAt: now, applied: 0, fencedAt: $0.value)
        }
        nodes.sort { ($0.node, $0.incarnation) < ($1.node, $1.incarnation) }
        step(table, at: now)
    }

    /// Takes up what acknowledgements and time have settled. Returns whether the barrier ended by it.
    @discardableResult
    package mutating func step(_ table: PresenceTable, at now: Instant) -> Bool {
        guard state == .waiting else { return false }
        for index in nodes.indices where nodes[index].state == .pending {
            if let presence = table.presences[nodes[index].incarnation] {
                nodes[index].applied = presence.applied
                nodes[index].fencedAt = Self.fence(presence, table, openedAt: openedAt)
                if presence.has(position) {
                    settle(index, .enforced, at: now)
                    continue
                }
            }
            if now >= nodes[index].fencedAt { settle(index, .fenced, at: now) }
        }
        guard nodes.allSatisfy({ $0.state != .pending }) else { return false }
        state = .closed
        settledAt = now
        return true
    }

    /// An echo that comes after the restriction is answered with a head that has it, so a lease from it needs the
    /// restriction in the view: only leases of before the opening count, and the wait ends, whatever a node does.
    private static func fence(_ presence: Presence, _ table: PresenceTable, openedAt: Instant) -> Instant {
        min(table.fencedAt(presence), openedAt + table.bound)
    }

    package mutating func lift(at now: Instant) {
        guard state == .waiting else { return }
        state = .lifted
        settledAt = now
    }

    /// When time alone would settle another node; nil when nothing is pending.
    package var nextFence: Instant? {
        nodes.filter { $0.state == .pending }.map(\.fencedAt).min()
    }

    private mutating func settle(_ index: Int, _ settlement: Settlement, at now: Instant) {
        nodes[index].state = settlement
        nodes[index].settledAt = now
    }
}
