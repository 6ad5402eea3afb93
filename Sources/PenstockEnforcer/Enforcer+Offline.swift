package import PenstockCore
internal import PenstockJournal
internal import PenstockSystem
internal import Synchronization

/// Stands in for a ledger: benchmarks and tests give an enforcer its view, lease and slices by hand.
/// Decisions take the same path as ever.
extension Enforcer {
    /// Use instead of `start`. The caller keeps segments ready with `prepareJournal`.
    package func startOffline(_ view: View) throws {
        try journal.prepareSegments()
        state.withAll { $0.load(view) }
    }

    package func prepareJournal() throws { try journal.prepareSegments() }

    /// Frees what the journal holds, as shipping does.
    package func dropRecords() throws {
        let through = state.withAll { _ in journal.nextSequence &- 1 }
        try journal.release(through: through)
    }

    package func renewLease(ledgerTime: WallTime) {
        state.withAll { enforcement in
            let now = Clocks.now()
            enforcement.echoSent(nonce: UInt64(bitPattern: now), at: now)
            let head = enforcement.view.position
            _ = enforcement.echoAnswered(
                EchoReply(nonce: UInt64(bitPattern: now), epoch: 1, head: head, ledgerTime: ledgerTime), at: now)
        }
    }

    /// Applies a restriction as the urgent lane does.
    ///
    /// - Parameter number: tells it from others; it lies ahead of every position.
    package func applyAhead(_ restriction: Restriction, number: Int) {
        let position = Position(number) + (1 << 40)
        let event = Event(
            id: Digest(words: (position, 1, 1, 1)), mesh: "bench", origin: "issuer", createdAt: 0,
            kind: .restricted(restriction))
        state.withAll { _ = $0.applyAhead(event, at: position) }
    }

    package func fund(grant: Int, unit: String, amount: Int64, slice: Position) {
        state.withAll { enforcement in
            enforcement.fund(grant: grant, unit: unit, amount: amount, slice: slice)
        }
    }
}
