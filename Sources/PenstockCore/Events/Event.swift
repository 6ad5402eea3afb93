/// One entry of the log, decoded. Its id is the hash of its signed bytes.
package struct Event: Hashable, Sendable {
    package var id: Digest
    package var mesh: String
    /// Name of the node whose key signed it.
    package var origin: String
    /// The origin's claim of when, by its own wall clock; of the ledger's own events, ledger time.
    package var createdAt: WallTime
    package var kind: EventKind

    package init(id: Digest, mesh: String, origin: String, createdAt: WallTime, kind: EventKind) {
        self.id = id
        self.mesh = mesh
        self.origin = origin
        self.createdAt = createdAt
        self.kind = kind
    }
}

/// Everything that can happen in a mesh. Closed: a node that meets another kind stops serving.
package enum EventKind: Hashable, Sendable {
    case genesis([NodeKeys], Settings)
    case nodeAdmitted(NodeKeys, tokenHash: Digest)
    case nodeExpelled(name: String, reason: String)
    case joinTokenMade(JoinToken)
    case epochOpened(UInt64, reason: String)
    case settingsChanged(Settings)
    case grantIssued(Grant)
    case grantRenewed(grantID: String, expiresAt: WallTime)
    case restricted(Restriction)
    case lifted(Lifting)
    case budgetCreated(Budget)
    case budgetCeilingSet(BudgetKey, ceiling: Int64, reason: String)
    case budgetWarned(name: String, percent: UInt32, settled: Int64)
    case windowOpened(WindowOpening)
    case debtRecorded(Debt)
    /// By an operator: names the positions of the debts, so that none is accepted unseen.
    case debtsAccepted([Position], reason: String)
    case debtSettled(DebtSettlement, reason: String)
    case budgetChanged(BudgetChange, reason: String)
    case budgetClosed(String, reason: String)
    case rateCreated(NamedRate)
    /// Under its name, unit and selector.
    case rateChanged(Rate, reason: String)
    case rateClosed(String, reason: String)
    case sliceReserved(Slice)
    case spendReported(SliceReport)
    case sliceClosed(SliceReport)
    case decisionBatch(DecisionBatch)
    /// By an operator: the ledger's wall clock, which had leapt by so much, is right.
    case timeAccepted(leapMS: Int64, reason: String)
    /// By the ledger: so late it is, where no other event says so.
    case timeNoted
    /// By the ledger: what no fold keeps any more.
    case forgotten(Forgetting)
}

/// Authority taken away: it covers matching grants of now and later until it is lifted.
package struct Restriction: Hashable, Sendable {
    package var level: Level
    package var selector: Selector
    package var reason: String
    /// When the ledger lifts it by itself; 0 stands until an operator does.
    package var expiresAt: WallTime

    package init(level: Level, selector: Selector, reason: String, expiresAt: WallTime) {
        self.level = level
        self.selector = selector
        self.reason = reason
        self.expiresAt = expiresAt
    }

    package enum Level: Hashable, Sendable {
        case revoke
        case suspend
        /// So many calls a window, over all nodes together: a rate for as long as it stands.
        case throttle(calls: UInt32, windowMS: UInt32)
        /// So many percent of every rate that a matching call falls under, from 1 to 99.
        case scale(percent: UInt32)

        /// Slows down, and stops nothing.
        package var isThrottle: Bool {
            switch self {
            case .throttle, .scale: true
            case .revoke, .suspend: false
            }
        }
    }
}

/// Names the events it lifts, so it can never lift one that its author has not seen.
package struct Lifting: Hashable, Sendable {
    package var eventIDs: [Digest]
    package var reason: String
    /// By the ledger, because `expiresAt` has passed.
    package var expired: Bool

    package init(eventIDs: [Digest], reason: String, expired: Bool) {
        self.eventIDs = eventIDs
        self.reason = reason
        self.expired = expired
    }
}

/// A part of a budget handed to one incarnation to spend locally. Its id is the position of its event.
package struct Slice: Hashable, Sendable {
    package var grantID: String
    package var unit: String
    package var amount: Int64
    package var node: String
    package var incarnation: Incarnation
    /// Chosen by the enforcer: reserving is idempotent.
    package var requestID: Incarnation
    /// By the ledger's wall clock: the first of its windows ends then, and what is unspent goes back to it; 0 for
    /// never.
    package var endsAt: WallTime

    package init(
        grantID: String, unit: String, amount: Int64, node: String, incarnation: Incarnation, requestID: Incarnation,
        endsAt: WallTime = 0
    ) {
        self.grantID = grantID
        self.unit = unit
        self.amount = amount
        self.node = node
        self.incarnation = incarnation
        self.requestID = requestID
        self.endsAt = endsAt
    }
}

/// Cumulative use of slices, so that repeating or reordering reports changes nothing.
package struct SliceReport: Hashable, Sendable {
    /// The incarnation that held the slices; a successor may report for it.
    package var incarnation: Incarnation
    package var uses: [Use]
    package var reason: String
    /// Closes what another incarnation of the same node held: that one is refused for ever.
    package var bySuccessor: Bool

    package init(incarnation: Incarnation, uses: [Use], reason: String = "", bySuccessor: Bool = false) {
        self.incarnation = incarnation
        self.uses = uses
        self.reason = reason
        self.bySuccessor = bySuccessor
    }

    package struct Use: Hashable, Sendable {
        package var slice: Position
        /// Spent for good.
        package var used: Int64
        /// Given back unspent: the slice is smaller by this from now on.
        package var returned: Int64
        /// Of calls under way, at their maximum. It may fall again, and is only told.
        package var held: Int64

        package init(slice: Position, used: Int64, returned: Int64 = 0, held: Int64 = 0) {
            self.slice = slice
            self.used = used
            self.returned = returned
            self.held = held
        }
    }
}

/// Says which decision records an enforcer has shipped; the records travel apart from the log.
package struct DecisionBatch: Hashable, Sendable {
    package var incarnation: Incarnation
    package var firstSequence: UInt64
    package var count: UInt32
    package var digest: Digest

    package init(incarnation: Incarnation, firstSequence: UInt64, count: UInt32, digest: Digest) {
        self.incarnation = incarnation
        self.firstSequence = firstSequence
        self.count = count
        self.digest = digest
    }
}
