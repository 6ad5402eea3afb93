internal import PenstockCore

/// A machine's data folder: the decision journal of all its incarnations, and how far they had seen the log.
final class SimDisk {
    struct Record {
        var sequence: UInt64
        var incarnation: Incarnation
        var kind: DecisionRecord.Kind
        var isAllow: Bool
        var debits: [SliceReport.Use]
        var owed: DecisionRecord?
    }

    private(set) var records: [Record] = []
    /// Incarnations whose records are here, or were, and whether all of them are.
    private(set) var incarnations: [(incarnation: Incarnation, proven: Bool)] = []
    private(set) var nextSequence: UInt64 = 1
    /// Records up to here would outlive a loss of power.
    private var syncedRecords = 0
    var isFull = false
    /// A flipped bit in the journal: no process opens it.
    var isDamaged = false

    struct Seen {
        var position: Position = 0
        var root: UInt64 = 0
        var heard: Position = 0
    }

    var seen = Seen()

    func begin(_ incarnation: Incarnation) { incarnations.append((incarnation, true)) }

    func append(_ incarnation: Incarnation, _ kind: DecisionRecord.Kind, isAllow: Bool, _ debits: [SliceReport.Use], owed: DecisionRecord? = nil) -> UInt64? {
        guard !isFull else { return nil }
        defer { nextSequence += 1 }
        records.append(Record(sequence: nextSequence, incarnation: incarnation, kind: kind, isAllow: isAllow, debits: debits, owed: owed))
        return nextSequence
    }

    func holds(_ sequence: UInt64) -> Bool {
        guard let last = records.last, let first = records.first else { return false }
        return first.sequence <= sequence && sequence <= last.sequence
    }

    func sync() { syncedRecords = records.count }

    /// Drops what lies before the record of that number: it is shipped, and a `carried` record stands for it.
    func release(before sequence: UInt64) {
        let gone = records.prefix { $0.sequence < sequence }.count
        records.removeFirst(gone)
        syncedRecords = max(0, syncedRecords - gone)
        // Incarnations without a record left were closed before.
        incarnations = incarnations.suffix(1)
    }

    /// Power is lost: records that were not synced may be gone, and none of its incarnations can prove what it spent.
    /// What was seen of the log is kept: it is synced whenever it is written.
    func losePower(keeping fraction: Int) {
        let unsynced = records.count - syncedRecords
        records.removeLast(unsynced - unsynced * fraction / 100)
        for index in incarnations.indices { incarnations[index].proven = false }
    }

    /// A clean stop: everything is synced, and marked as all there is. What was not proven stays so.
    func seal() { sync() }

    var predecessors: Predecessors {
        var predecessors = Predecessors()
        for (incarnation, proven) in incarnations { predecessors.add(incarnation, proven: proven) }
        for record in records {
            predecessors.add(record.kind, record.debits)
            if let owed = record.owed { predecessors.add(owed: owed, by: record.incarnation) }
        }
        return predecessors
    }
}
