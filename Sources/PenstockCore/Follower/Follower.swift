/// A node's turns, as a value: follows the log, renews the lease, fetches slices, reports spend, ships decisions.
///
/// A shell owns sockets, journal and keys. It decodes and verifies what comes and gives it to `take`, a page of the log
/// event by event, calls `passTime` once a turn, and does the effects that `next` returns, one after the other. It
/// decides nothing itself: production and simulation are two such shells.
///
/// What decisions read and change is the `Enforcement` that `take` and `passTime` are lent; the shell keeps decisions
/// away meanwhile.
///
/// Laws:
/// - an acknowledgement is an effect of what was applied before, and names nothing else; it is the first effect;
/// - calls are woken once what they wait for is in the state that they look at;
/// - what the log is known to have is noted before the journal's records of it go, and so is what they proved.
package struct Follower: Sendable {
    /// The ledger's snapshots and checkpoints must be of it.
    let mesh: String
    let incarnation: Incarnation
    package internal(set) var phase = Phase.checkingPrefix
    /// The view's position.
    package internal(set) var applied: Position = 0
    /// Of the tree over the log up to there.
    package internal(set) var root = Digest.zero
    var roots = RecentRoots()
    /// The ledger's head, as far as it was heard of, and since when the view is behind it.
    package internal(set) var target: Position = 0
    var behindSince: Instant = 0
    /// The highest position heard of in any way: a restored ledger must not be behind it.
    package internal(set) var heard: Position
    /// The log that this node folded before its restart.
    let seen: SeenLog
    /// The newest epoch that an answer named.
    var epoch: UInt64
    let predecessors: Predecessors
    /// How holds of earlier incarnations ended, as far as the journal has not taken it.
    var endsToRecord: ArraySlice<DecisionRecord>
    /// Whether nothing of earlier incarnations is open at the ledger any more.
    package internal(set) var predecessorsClosed = false
    /// What earlier incarnations owe, until the ledger has recorded it.
    var inheritedDebts: [Debt]?
    /// Whether the ledger has all that the records of earlier incarnations prove.
    package var mayForgetPredecessors: Bool { predecessorsClosed && inheritedDebts?.isEmpty == true }
    /// Accounts from here on are yet to be looked through for revoked grants.
    var revokedScan: Int?
    var reportScan = 0
    /// A call waits for news that the view is fresh.
    var isEchoWanted = false
    /// The ledger says that the view is behind.
    var isFetchWanted = false
    var due = Timers()
    var outstanding = Outstanding<Ask, NodeRequest>()
    /// What the inputs since the last `next` have brought about.
    var pending = Pending()
    var load: SnapshotLoad?
    /// Slices of this node that the ledger counts as open, as far as their pages have come.
    var openSlices: [OpenSlice] = []
    var checkpoints = CheckpointBook()
    var shipping: Shipping
    var viewAgeMS: UInt32 = 0
    /// As it was said last.
    var isJournalLow = false
    /// A restriction was just acknowledged: on a machine of several nodes, what can wait would take the time in which
    /// others do.
    var yieldsTurn = false

    /// Left by: the ledger's word that its log extends what this node has seen; a snapshot; a failure or a clean stop;
    /// a restart.
    package enum Phase: Equatable, Sendable {
        case checkingPrefix
        case loading
        case live
        case halted
        /// Slices go back, and nothing else is done.
        case ending
    }

    struct Timers: Sendable {
        var start: Instant = .min
        var echo: Instant = .min
        var report: Instant = .min
        var close: Instant = .min
        var owe: Instant = .min
        var seen: Instant = .min
        var ship: Instant = .min
        /// Not before this, however much waits: the ledger has refused a batch for good.
        var shipAgain: Instant = .min
        var subscribe: Instant = .min
        var journal: Instant = .min
    }

    /// - Parameters:
    ///   - seen: what earlier incarnations have seen of the log.
    ///   - releaseEvery: decisions after whose shipping the journal's records of them go; nil where none are shipped.
    package init(
        mesh: String, incarnation: Incarnation, seen: SeenLog, predecessors: Predecessors, releaseEvery: UInt64? = nil
    ) {
        self.mesh = mesh
        self.incarnation = incarnation
        self.seen = seen
        heard = max(seen.position, seen.heard, predecessors.highestSlice)
        epoch = seen.epoch
        self.predecessors = predecessors
        endsToRecord = predecessors.ends[...]
        shipping = Shipping(shipped: seen.shipped, releaseEvery: releaseEvery)
    }
}
