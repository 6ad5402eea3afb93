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

    var seen = SeenLog()

    func begin(_ incarnation: Incarnation) { incarnations.append((incarnation, true)) }

    func append(
        _ incarnation: Incarnation, _ kind: DecisionRecord.Kind, isAllow: Bool, _ debits: [SliceReport.Use],
        owed: DecisionRecord? = nil
    ) -> UInt64? {
        guard !isFull else { return nil }
        defer { nextSequence += 1 }
        records.append(
            Record(
                sequence: nextSequence, incarnation: incarnation, kind: kind, isAllow: isAllow, debits: debits,
                owed: owed))
        return nextSequence
    }

    func holds(_ sequence: UInt64) -> Bool {
        guard let last = records.last, let first = records.first else { return false }
        return first.sequence <= sequence && sequence <= last.sequence
    }

    func hasRecords(of incarnation: Incarnation) -> Bool { records.last?.incarnation == incarnation }

    var firstSequence: UInt64 { records.first?.sequence ?? nextSequence }

    /// How much of each slice is used, by the records from this number on that stand for all before them.
    func carried(from sequence: UInt64) -> [Position: Int64] {
        var used: [Position: Int64] = [:]
        for record in records where record.sequence >= sequence && record.kind == .carried {
            for debit in record.debits { used[debit.slice] = debit.used }
        }
        return used
    }

    func sync() { syncedRecords = records.count }

    /// Records of one incarnation, in their order and without a gap.
    func batch(from start: UInt64, through last: UInt64) -> ArraySlice<Record> {
        guard let begin = records.firstIndex(where: { $0.sequence >= start }) else { return [] }
        let count = records[begin...].prefix(Self.recordsPerBatch).enumerated().prefix { offset, record in
            record.incarnation == records[begin].incarnation && record.sequence <= last
                && record.sequence == records[begin].sequence + UInt64(offset)
        }.count
        return records[begin..<begin + count]
    }

    /// Few, so that there are many batches.
    static let recordsPerBatch = 40

    /// Drops what is shipped; a `carried` record stands for it.
    func release(through sequence: UInt64) {
        let gone = records.prefix { $0.sequence <= sequence }.count
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
