/// Decision records on their way to the ledger, and out of the journal once they are there.
extension Follower {
    struct Shipping: Sendable {
        /// Decisions up to this number are at the ledger.
        var shipped: UInt64
        /// Nil where none are shipped.
        let releaseEvery: UInt64?
        /// Records up to this number have left the journal, or may.
        var released: UInt64 = 0
        /// Where the next batch ends at the latest: the ledger has one from there that ends so, whose answer was lost.
        var end = UInt64.max
        /// More waits than went into the last batch.
        var hasMore = false
        /// How far what lets records go is noted; nil while nothing is.
        var carryPlace: Enforcement.CarryPlace?
    }

    /// The first decision that the ledger does not have.
    package var firstUnshipped: UInt64 { shipping.shipped + 1 }

    /// Batches are of one incarnation, and one is under way at a time.
    mutating func readDecisions(_ journal: some NodeJournal, at now: Instant) {
        guard shipping.releaseEvery != nil, now >= due.shipAgain else { return }
        let last = journal.lastRecorded
        // A journal that was lost begins anew, below what was shipped of it.
        let waiting = last - min(last, shipping.shipped)
        guard now >= due.ship || waiting >= Limits.decisionsPerBatch, !isShipping else { return }
        pending.after.append(.readDecisions(from: firstUnshipped, through: shipping.end))
    }

    private var isShipping: Bool {
        func ships(_ ask: Ask) -> Bool { if case .ship = ask { true } else { false } }
        return pending.asks.contains(where: ships) || outstanding.contains(where: ships)
    }

    /// - Parameter isFull: another batch goes as soon as this one is confirmed.
    mutating func ship(
        _ batch: DecisionBatch?, _ records: [UInt8], isFull: Bool, _ enforcement: inout Enforcement,
        _ journal: some NodeJournal, at now: Instant
    ) {
        // After a pause soon; at steady demand a batch is of a second, or of as many decisions as are worth a message.
        due.ship = now + (batch == nil ? 100 : 1000) * .nanosecondsPerMillisecond
        guard let batch else {
            // What was shipped before predecessors were closed, or before a start, still takes the room.
            if isShort(enforcement, journal) { release() }
            // Nobody asks a node that says it is not ready: it must find out by itself.
            if enforcement.isUnwritable { enforcement.noteWritable(journal.hasRoom) }
            return
        }
        shipping.hasMore = isFull
        pending.asks.append(.ship(batch, records: records))
    }

    /// The ledger has had `through` as its last decision from the batch's first on: another batch must end there.
    mutating func stored(
        _ batch: DecisionBatch, through: UInt64, _ enforcement: borrowing Enforcement, _ journal: some NodeJournal
    ) {
        if through >= batch.firstSequence, through < batch.lastSequence {
            shipping.end = through
            due.ship = .min
        } else {
            skip(batch, "the ledger has more decisions of this start than the journal", enforcement, journal)
        }
    }

    /// What the ledger has of these decisions stays as it is: the journal cannot make it true.
    mutating func skip(
        _ batch: DecisionBatch, _ why: String, _ enforcement: borrowing Enforcement, _ journal: some NodeJournal
    ) {
        pending.after.append(.report(.skippedDecisions(through: batch.lastSequence, why)))
        shipped(batch, enforcement, journal)
    }

    mutating func shipped(
        _ batch: DecisionBatch, _ enforcement: borrowing Enforcement, _ journal: some NodeJournal
    ) {
        shipping.end = .max
        shipping.shipped = max(shipping.shipped, batch.lastSequence)
        if shipping.hasMore { due.ship = .min }
        if isShort(enforcement, journal) || shipping.shipped > shipping.released + (shipping.releaseEvery ?? .max) {
            release()
        }
    }

    /// Decisions lack room, or will, while there are segments that may go.
    private func isShort(_ enforcement: borrowing Enforcement, _ journal: some NodeJournal) -> Bool {
        enforcement.isUnwritable || journal.room.isCrowded && journal.canRelease(through: shipping.shipped)
    }

    /// Has the journal's records go that the ledger has: behind a note of how far they were shipped, and of what they
    /// prove.
    private mutating func release() {
        guard mayForgetPredecessors, shipping.shipped > shipping.released, shipping.carryPlace == nil else { return }
        noteSeen()
        shipping.carryPlace = Enforcement.CarryPlace()
        pending.after.append(.carry)
    }

    /// Notes how much of some open slices is used, so that the records before may go. Returns whether there is more to
    /// note.
    package mutating func carry(_ enforcement: borrowing Enforcement, _ journal: some NodeJournal) -> Bool {
        guard var place = shipping.carryPlace else { return false }
        // Of a start that has recorded nothing nothing is spent; and before segments go it may have no room.
        if journal.hasOwnRecords, let record = enforcement.carried(from: &place) {
            // Without it a restart would take what the released records had spent for unspent.
            shipping.carryPlace = journal.record(record) == nil ? nil : place
            return shipping.carryPlace != nil
        }
        shipping.carryPlace = nil
        shipping.released = shipping.shipped
        pending.after.append(.releaseJournal(through: shipping.shipped))
        return false
    }
}

extension DecisionBatch {
    /// Of a batch that a journal's numbers made.
    package var lastSequence: UInt64 { firstSequence + UInt64(count) - 1 }
}
