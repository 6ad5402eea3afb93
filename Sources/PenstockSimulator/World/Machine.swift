internal import PenstockCore

/// A machine with an enforcer on it: its clocks, its disk, and the process that runs there now.
final class Machine {
    let index: Int
    let keys: NodeKeys
    var clock: SimClock
    var disk = SimDisk()
    var process: EnforcerProcess?
    /// While it is paused or suspended, what comes waits.
    var isPaused = false
    var waiting: [Happening] = []
    /// A decision holds its shard until then.
    var busyUntil: Int64 = 0
    /// How long a record takes, beyond nothing.
    var recordingTime: Int64 = 0

    var name: String { keys.name }

    init(index: Int, keys: NodeKeys, clock: SimClock) {
        self.index = index
        self.keys = keys
        self.clock = clock
    }
}

/// One run of an enforcer's process: the real follower and the real enforcement, and what the shell keeps beside them.
final class EnforcerProcess {
    let incarnation: Incarnation
    var follower: Follower
    var enforcement: Enforcement
    /// The snapshot that came last.
    var image: (ViewImage, root: Digest)?
    /// The number of the first record that was written to let those before go.
    var carryFrom: UInt64 = 0
    var echoWanted = false
    /// The durable log's head when each echo was sent, and the bounds in force at the node, by its time of sending; and
    /// the last one that a lease was seen from.
    var echoes: [Instant: (head: Position, bounds: [Lease.Bounds])] = [:]
    var leaseSeen: Instant?
    /// How far its clock has run ahead of the simulator's while it records.
    var stall: Int64 = 0
    var nextTick: Int64 = 0
    /// The sum of what its records of kind `counted` say.
    var denialsCounted: UInt64 = 0
    /// What each call under way holds, by the sequence of its decision.
    var holds: [UInt64: (grant: Int, shard: Int, amounts: [Amount], places: [[Checker.Place]])] = [:]
    /// Decisions that were given out for calls with an id: a retry may get no other.
    var permits: [String: UInt64] = [:]

    init(machine: Machine, incarnation: Incarnation, shards: Int) {
        self.incarnation = incarnation
        follower = Follower(
            mesh: "mesh", incarnation: incarnation, seen: machine.disk.seen, predecessors: machine.disk.predecessors,
            releaseEvery: 60)
        enforcement = Enforcement(
            node: machine.name, incarnation: incarnation, audiences: ["mail"], shards: shards)
    }
}

/// The journal of a simulated process: real records on a simulated disk.
struct SimJournal: NodeJournal {
    unowned let world: World
    unowned let machine: Machine
    unowned let process: EnforcerProcess

    var now: Instant { machine.clock.instant(at: world.now + process.stall) }

    /// Records go once they are carried: it is never crowded.
    var room: JournalRoom { JournalRoom(used: 0, bound: 1 << 20) }

    var lastRecorded: UInt64 { machine.disk.nextSequence - 1 }

    var hasOwnRecords: Bool { machine.disk.hasRecords(of: process.incarnation) }

    var hasRoom: Bool { !machine.disk.isFull }

    func canRelease(through sequence: UInt64) -> Bool { machine.disk.firstSequence <= sequence }

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? {
        process.stall += machine.recordingTime
        let kind: DecisionRecord.Kind = call.holds && verdict.isAllow ? .held : .decided
        return machine.disk.append(
            process.incarnation, kind, isAllow: verdict.isAllow, debits.map { .init(slice: $0.slice, used: $0.amount) })
    }

    func record(_ record: DecisionRecord) -> UInt64? {
        if record.kind == .counted { world.coverage.note(.counted) }
        let sequence = machine.disk.append(
            process.incarnation, record.kind, isAllow: false, record.debits,
            owed: [.owed, .owedAgain].contains(record.kind) ? record : nil)
        if sequence != nil { process.denialsCounted += record.count }
        return sequence
    }

    func recordEnd(_ end: borrowing HoldEnd) -> UInt64? {
        if end.kind == .voided { world.coverage.note(.voided) }
        return machine.disk.append(
            process.incarnation, end.kind, isAllow: false, end.returned.map { .init(slice: $0.slice, used: $0.amount) })
    }

    func content(_ call: borrowing Call) -> Digest {
        let amounts = call.amounts.list.map { UInt64(bitPattern: $0.value) }.reduce(7) { SimRandom.mix($0 ^ $1) }
        return Digest(words: (amounts, 1, 2, 3))
    }
}
