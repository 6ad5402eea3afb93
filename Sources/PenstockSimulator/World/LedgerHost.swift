internal import PenstockCore

/// The ledger's machine: the real ledger, its log on a simulated disk, and what the shell keeps beside them.
final class LedgerHost {
    var clock: SimClock
    var log = SimLog()
    /// Nil while no process runs.
    var ledger: Ledger?
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
    var staged: [Event] = []
    var turn = Turn()
    var isTurning = false
    /// Requests for slices that wait at the ledger.
    var parked: [Incarnation: Inbound] = [:]
    /// Where each incarnation sits, for what the ledger pushes to it.
    var routes: [Incarnation: Inbound] = [:]
    /// Commands that wait for a barrier, until when by the ledger's clock.
    var waiters: [(command: Int, position: Position, deadline: Instant)] = []
    /// The log as it was before a backup was restored, until somebody puts it back.
    var newest: SimLog?
    /// How much of it the backup had.
    var restoredCount: Position = 0
    /// The restored log has been served: there is no way back to the newest.
    var hasServedRestored = false

    var canWrite: Bool { if case .failing = disk { false } else { true } }

    /// What one commit owes.
    struct Turn {
        var owed: [(Inbound, Owed)] = []
        var echoes: [(Inbound, NodeProgress, nonce: UInt64, rates: RateStatement)] = []
        var queries: [Inbound] = []
    }

    enum Owed {
        case submitted(Position)
        case reserved([(position: Position, slice: Slice)], refused: [SliceAnswer.Refused])
    }

    /// The disk under the log.
    enum LogDisk {
        case roomy
        /// Full, but for what is kept for restrictions: so many commits of them fit.
        case reserved(commits: Int)
        /// No write succeeds, which nobody knows before one has failed.
        case failing

        var room: StoreRoom {
            switch self {
            case .roomy, .failing: .everything
            case .reserved(let commits): commits > 0 ? .restrictions : .nothing
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
        LedgerTime.Memory(greatest: max(state.greatestTime, mark?.time ?? 0), stopped: mark == nil ? nil : stopped, lagging: mark == nil ? nil : lagging, mark: isSameBoot ? mark : nil)
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
