internal import PenstockCore

/// The ledger's machine: the real ledger, its log on a simulated disk, and what the shell keeps beside them.
final class LedgerHost {
    var clock: SimClock
    var log = SimLog()
    /// Nil while no process runs.
    var turn: LedgerTurn<Inbound>?
    var ledger: Ledger? { turn?.ledger }
    /// Asked for only by what happens to a process that runs.
    var running: LedgerTurn<Inbound> {
        // `World.atLedger` drops what comes while none runs.
        _read { yield turn! }
        // The same.
        _modify { yield &turn! }
    }
    /// What its last process made of the clocks, and what of it lies in its folder.
    var time = LedgerTime(wall: 0, at: 0)
    var mark: LedgerTime.Mark?
    var stopped: WallTime?
    var lagging: WallTime?
    var markedAt: Int64 = 0
    /// The continuous clock has gone on since the mark.
    var isSameBoot = true
    /// Counts processes: what was meant for an earlier one is dropped.
    var generation = 0
    var isPaused = false
    var waiting: [Happening] = []
    var disk = LogDisk.roomy
    /// What the disk could take when the turn began.
    var turnRoom = StoreRoom.everything
    /// What an fdatasync takes here.
    static let usualCommit: Int64 = 300_000
    var commitTime = usualCommit
    var inbox: [Inbound] = []
    var queries: [Inbound] = []
    /// On its way to the disk, and the one before.
    var commit: LedgerCommit?
    var lastCommit: [Event] = []
    var isTurning = false
    var timerAt: Int64 = .max
    var housekeptAt: Int64 = 0
    /// Restrictions whose barriers have ended.
    var ended: Set<Position> = []
    /// The log as it was before a backup was restored, until somebody puts it back.
    var newest: SimLog?
    /// How much of it the backup had.
    var restoredCount: Position = 0
    /// The restored log has been served: there is no way back to the newest.
    var hasServedRestored = false

    /// A commit has failed on this disk.
    var hasFailed = false

    /// Whether the disk takes these events.
    func canWrite(_ events: [Event]) -> Bool {
        if events.isEmpty { return true }
        return switch disk {
        case .roomy, .reserved: true
        case .tight(let commits): commits > 0 && events.allSatisfy { StoreRoom.restrictions.admits($0.kind.name) }
        case .failing: false
        }
    }

    /// What was its memory is gone.
    func endProcess() {
        (turn, commit, lastCommit, ended) = (nil, nil, [], [])
        (inbox, queries, waiting) = ([], [], [])
        (isTurning, isPaused, timerAt) = (false, false, .max)
        generation += 1
    }

    /// The disk under the log.
    enum LogDisk {
        case roomy
        /// Full, but for what is kept for restrictions: so many commits of them fit.
        case reserved(commits: Int)
        /// The same, and it says that it has room for everything.
        case tight(commits: Int)
        /// No write succeeds, and it says that it has room for everything.
        case failing

        /// As it is measured.
        var room: StoreRoom { if case .reserved = self { proven } else { .everything } }

        /// As it is.
        var proven: StoreRoom {
            switch self {
            case .roomy: .everything
            case .reserved(let commits), .tight(let commits): commits > 0 ? .restrictions : .nothing
            case .failing: .nothing
            }
        }
    }

    init(clock: SimClock) { self.clock = clock }

    /// By which the ledger opens windows, as long as it runs as it did last.
    ///
    /// - Parameter bound: of the leases that go on while it does not run.
    func windowTime(at trueTime: Int64, bound: Nanoseconds) -> WallTime {
        time.windowTime(at: clock.instant(at: trueTime), bound: ledger?.presence.bound ?? bound)
    }

    func memory(of state: LedgerState) -> LedgerTime.Memory {
        LedgerTime.Memory(
            greatest: max(state.greatestTime, mark?.time ?? 0), stopped: mark == nil ? nil : stopped,
            lagging: mark == nil ? nil : lagging, mark: isSameBoot ? mark : nil)
    }
}

/// A person's command: an event that is submitted again until there is an answer.
struct Command {
    var event: Event
    var isForged = false
    var name: String
    /// Waits for the barrier that long.
    var barrierMS: Int64?
    var position: Position?
    var isDone = false
    var givesUpAt: Int64
}
