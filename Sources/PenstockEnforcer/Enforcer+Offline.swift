package import PenstockCore
internal import PenstockJournal
internal import PenstockNode
internal import Synchronization

/// Stands in for a ledger: benchmarks and tests give an enforcer its view, lease and slices by hand.
/// Decisions take the same path as ever.
extension Enforcer {
    /// Use instead of `start`. The caller keeps segments ready with `prepareJournal`.
    package func startOffline(_ view: View) throws {
        try journal.prepareSegments()
        core.withLock { $0.enforcement.load(view) }
    }

    package func prepareJournal() throws { try journal.prepareSegments() }

    /// Frees what the journal holds, as shipping does.
    package func dropRecords() throws {
        let through = core.withLock { _ in journal.nextSequence &- 1 }
        try journal.release(through: through)
    }

    package func renewLease(ledgerTime: WallTime) {
        core.withLock { core in
            let now = Clocks.now()
            core.enforcement.echoSent(nonce: UInt64(bitPattern: now), at: now)
            let head = core.enforcement.view?.position ?? 0
            _ = core.enforcement.echoAnswered(EchoReply(nonce: UInt64(bitPattern: now), epoch: 1, head: head, ledgerTime: ledgerTime), at: now)
        }
    }

    package func fund(grant: Int, unit: String, amount: Int64, slice: Position) {
        core.withLock { core in
            core.enforcement.fund(grant: grant, unit: unit, amount: amount, slice: slice)
        }
    }
}
