internal import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal

/// Decision records, as the ledger takes them.
extension Link {
    /// Reads a batch of one incarnation, as much as a page takes.
    func readDecisions(from start: UInt64, through last: UInt64) {
        var records: [UInt8] = []
        var (first, count) = (UInt64(0), UInt32(0))
        var incarnation = enforcer.incarnation
        _ = enforcer.journal.read(from: start, maxBytes: Limits.pageBytes) { sequence, bytes in
            let owner = self.incarnation(ofSequence: sequence)
            if count == 0 { (first, incarnation) = (sequence, owner) }
            guard owner == incarnation, sequence == first + UInt64(count), sequence <= last else { return }
            let body = bytes.isEmpty ? Self.neverAnswered(sequence) : [UInt8](bytes)
            withUnsafeBytes(of: UInt32(body.count).littleEndian) { records.append(contentsOf: $0) }
            records.append(contentsOf: body)
            count += 1
        }
        let batch =
            count == 0
            ? nil
            : DecisionBatch(
                incarnation: incarnation, firstSequence: first, count: count, digest: SHA256.hash(records))
        let isFull = records.count + JournalOptions.maxRecordBytes > Limits.pageBytes
        take(.decisions(batch, records: records, isFull: isFull))
        perform()
    }

    /// Stands for a number whose record a kill has cut off, so that numbers have no gaps at the ledger.
    private static func neverAnswered(_ sequence: UInt64) -> [UInt8] {
        var record = DecisionRecord(kind: .voided)
        (record.decision, record.reason) = (sequence, .unrecordable)
        return record.bytes
    }

    private func incarnation(ofSequence sequence: UInt64) -> Incarnation {
        let segment = enforcer.journal.previous.first { $0.firstSequence <= sequence && sequence <= $0.lastSequence }
        return segment.flatMap { Incarnation($0.incarnation) } ?? enforcer.incarnation
    }
}
