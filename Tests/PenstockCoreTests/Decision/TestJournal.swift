internal import PenstockCore

/// A journal in memory, as full as a test says.
final class TestJournal: DecisionJournal {
    var now: Instant = Make.milliseconds(50_000)
    /// How long a record takes.
    var advance: Nanoseconds = 0
    var room = JournalRoom(used: 0, bound: 1 << 20)
    var takesNothing = false
    private(set) var records: [DecisionRecord] = []

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? {
        var record = DecisionRecord(kind: call.holds && verdict.isAllow ? .held : .decided)
        (record.reason, record.grant, record.door, record.amounts) = (
            verdict.reason, grant, call.door, call.amounts.list
        )
        return self.record(record)
    }

    func record(_ record: DecisionRecord) -> UInt64? {
        guard !takesNothing else { return nil }
        records.append(record)
        now += advance
        return UInt64(records.count)
    }

    /// By way of the bytes that a journal keeps.
    func recordEnd(_ end: borrowing HoldEnd) -> UInt64? {
        let count = DecisionRecord.endByteCount(end)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            DecisionRecord.writeEnd(end, wall: 0, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
        return record(bytes.withUnsafeBytes { DecisionRecord($0) }!)
    }

    func content(_ call: borrowing Call) -> Digest { Make.id(call.action) }

    var counted: [DecisionRecord] { records.filter { $0.kind == .counted } }
    func denials(_ reason: Reason) -> Int { records.count { $0.kind == .decided && $0.reason == reason } }
}
