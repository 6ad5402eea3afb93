/// An enforcer's side of the protocol, as a value: follows the log, renews the lease, fetches slices, reports spend.
/// The shell owns sockets, journal and keys; it hands in what has come, and sends what is asked for.
///
/// What decisions read is the `Enforcement` that every step is lent; the shell holds its lock meanwhile.
package struct Follower: Sendable {
    /// The ledger's snapshots and checkpoints must be of it.
    let mesh: String
    package internal(set) var phase = Phase.checkingPrefix
    /// The view's position.
    package internal(set) var applied: Position = 0
    /// The ledger's head, as far as it was heard of, and since when the view is behind it.
    package internal(set) var target: Position = 0
    var behindSince: Instant = 0
    /// The highest position heard of in any way: a restored ledger must not be behind it.
    package internal(set) var heard: Position
    /// Of the log that this node folded before its restart; 0 when it has none.
    let seen: Position
    let predecessors: Predecessors
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

    /// Left by: the ledger's word that its log extends what this node has seen; a snapshot; a failure; a restart.
    package enum Phase: Equatable, Sendable {
        case checkingPrefix
        case loading
        case live
        case halted
    }

    struct Timers: Sendable {
        var start: Instant = .min
        var echo: Instant = .min
        var report: Instant = .min
        var close: Instant = .min
        var owe: Instant = .min
    }

    /// - Parameter seen: the log that earlier incarnations have folded; `heard` is what they have heard of.
    package init(mesh: String, seen: Position, heard: Position, predecessors: Predecessors) {
        self.mesh = mesh
        self.seen = seen
        self.heard = max(seen, heard, predecessors.highestSlice)
        self.predecessors = predecessors
    }

    /// What the node asks the ledger for.
    package enum Ask: Equatable, Sendable {
        /// Whether its log extends the one seen before the restart.
        case prefix(Position)
        case snapshot
        case echo(nonce: UInt64, RateStatement)
        case fetch(from: Position)
        case acknowledge(urgent: [Position], ended: Bool)
        case reserve(Purse.Reserve, SliceRequest)
        /// By account.
        case report([Int32: [SliceReport.Use]])
        case close([SliceReport.Use], of: Incarnation, reason: String, bySuccessor: Bool)
        case owe(Debt)
        /// The slices that incarnations of this node have open.
        case openSlices

        /// Whether it is sent again until it is answered.
        package var retries: Bool {
            switch self {
            case .reserve, .report, .close, .owe: true
            case .prefix, .snapshot, .echo, .fetch, .acknowledge, .openSlices: false
            }
        }
    }

    /// Kinds of requests that are under way: they are not made twice.
    package struct Awaited: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let prefix = Awaited(rawValue: 1)
        package static let snapshot = Awaited(rawValue: 2)
        package static let fetch = Awaited(rawValue: 4)
        package static let slices = Awaited(rawValue: 8)
        package static let report = Awaited(rawValue: 16)
        package static let close = Awaited(rawValue: 32)
        package static let owe = Awaited(rawValue: 64)

        package init(_ ask: Ask) {
            switch ask {
            case .prefix: self = .prefix
            case .snapshot: self = .snapshot
            case .fetch: self = .fetch
            case .openSlices: self = .slices
            case .report: self = .report
            case .close(_, _, _, let bySuccessor): self = bySuccessor ? .slices : .close
            case .owe: self = .owe
            case .echo, .acknowledge, .reserve: self = []
            }
        }
    }

    /// What a step asks the shell to do.
    package struct Effects: Sendable {
        package var asks: [Ask] = []
        /// Calls under way that must stop.
        package var cancelled: [Enforcement.Cancelled] = []
        /// Somebody was restricted: previews from before say nothing any more.
        package var isRestricted = false
        package init() {}
    }
}
