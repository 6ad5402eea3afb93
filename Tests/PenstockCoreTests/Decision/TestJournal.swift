internal import PenstockCore

/// A journal in memory, as full as a test says.
final class TestJournal: DecisionJournal {
    var now: Instant = Make.milliseconds(50_000)
    var room = JournalRoom(used: 0, bound: 1 << 20)
    var takesNothing = false
    private(set) var records: [DecisionRecord] = []

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? {
        var record = DecisionRecord(kind: call.holds && verdict.isAllow ? .held : .decided)
        (record.reason, record.grant, record.door) = (verdict.reason, grant, call.door)
        return self.record(record)
    }

    func record(_ record: DecisionRecord) -> UInt64? {
        guard !takesNothing else { return nil }
        records.append(record)
        return UInt64(records.count)
    }

    func recordEnd(of decision: UInt64, _ kind: DecisionRecord.Kind, _ actual: borrowing CallAmounts, _ priced: Priced, returned: [Debit]) -> UInt64? {
        record(DecisionRecord(kind: kind))
    }

    func content(_ call: borrowing Call) -> Digest { Make.id(call.action) }

    var counted: [DecisionRecord] { records.filter { $0.kind == .counted } }
    func denials(_ reason: Reason) -> Int { records.count { $0.kind == .decided && $0.reason == reason } }
}
