internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockStore
internal import PenstockSystem
internal import PenstockWire

/// How much the log and the decisions grow by in a day, in bytes.
struct DiskGrowth {
    var log: Int
    var decisions: Int
    var measuredAt: Instant

    static let day: WallTime = 86_400_000
    /// A log that is younger grows by its age: less than an hour says nothing of a day.
    static let youngest: WallTime = 3_600_000
    /// It is measured again then, by some twenty reads.
    static let interval = 60 * Nanoseconds.nanosecondsPerSecond

    /// Nil where nothing grows.
    func days(free: Int) -> UInt32? {
        log + decisions > 0 ? UInt32(clamping: free / (log + decisions)) : nil
    }
}

extension Sequencer {
    func growth(_ disk: StoreDisk, at now: Instant) -> DiskGrowth {
        if let measuredGrowth, now - measuredGrowth.measuredAt < DiskGrowth.interval { return measuredGrowth }
        let growth = measureGrowth(disk, at: now)
        measuredGrowth = growth
        return growth
    }

    /// What the last day's events and batches are of all, in bytes; of a younger log, what a day would come to.
    private func measureGrowth(_ disk: StoreDisk, at now: Instant) -> DiskGrowth {
        let wall = Clocks.wall()
        let age = max(DiskGrowth.youngest, wall - (createdAt(1) ?? wall))
        let span = min(age, DiskGrowth.day)
        let first = firstPosition(since: wall - span)
        let batches = (try? store.decisionBatches(since: wall - span)) ?? (all: 0, since: 0)
        func daily(_ bytes: Int, _ part: Double, _ whole: Double) -> Int {
            whole > 0 ? Int(Double(bytes) * part / whole * Double(DiskGrowth.day) / Double(span)) : 0
        }
        return DiskGrowth(
            log: daily(disk.logBytes, Double(tree.size + 1 - first), Double(tree.size)),
            decisions: daily(disk.decisionBytes, Double(batches.since), Double(batches.all)), measuredAt: now)
    }

    /// Of the first event since then; behind the head where there is none.
    func firstPosition(since wall: WallTime) -> Position {
        var (low, high) = (Position(1), tree.size + 1)
        while low < high {
            let middle = low + (high - low) / 2
            if createdAt(middle) ?? .max >= wall { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// By its origin's clock: it decides on nothing but where an event is kept.
    private func createdAt(_ position: Position) -> WallTime? {
        guard let stored = try? store.read(from: position, maxCount: 1, maxBytes: 1).first else { return nil }
        return try? SignedEvent(entry: stored.bytes).event.createdAt
    }
}
