/// What a node's turn wants done, in this order.
package enum NodeEffect: Sendable {
    /// Goes to the ledger under this id. A request that nobody answers comes again under another one.
    case send(NodeRequest, id: UInt64)
    /// Calls that wait for any of it look again.
    case wake(Set<NodeNews>)
    case wakeAll
    /// Somebody was restricted: these calls must stop, and what was previewed before counts no more.
    case restrict([Shard.Cancelled])
    /// A checkpoint's signature is to be verified, and the checkpoint taken in.
    case openCheckpoint(note: String)
    /// A snapshot's digest and signature are to be verified, and its view taken in.
    case openSnapshot(SnapshotLoad)
    /// Decisions are to be read from the journal, of one incarnation, and taken in as a batch.
    case readDecisions(from: UInt64, through: UInt64)
    /// Is on the disk before anything after it is done.
    case noteSeen(SeenLog)
    /// `Follower.carry` is to be called until it has nothing more.
    case carry
    /// Journal segments whose records end here may go.
    case releaseJournal(through: UInt64)
    /// The lanes are subscribed to again: what the end of a connection has cost is fetched, and what comes after should
    /// not be.
    case subscribe
    /// It is looked up whether the journal is nearly full, and taken in.
    case measureJournal
    case report(NodeReport)
}

/// What calls wait for.
package enum NodeNews: Hashable, Sendable {
    /// Slices of a grant, by its index in the view.
    case slices(grant: Int32)
    /// Parts of rates.
    case rates
    /// A position, or an echo.
    case view
    /// The ledger's word that it knows of a debt.
    case debts
}

/// What a person is to read.
package enum NodeReport: Sendable {
    case viewLoaded(Position)
    case halted(String)
    case refusedReport(Refusal)
    /// Nobody charges it.
    case refusedDebt(Debt, Refusal)
    /// The ledger has something else under these numbers.
    case skippedDecisions(through: UInt64, String)
    /// The journal is nearly full: once it is, every call is denied.
    case journalIsLow
    case journalHasRoom
}

/// A request of a node to its ledger.
package enum NodeRequest: Sendable {
    case acknowledge(NodeProgress, root: Digest)
    case echo(NodeProgress, root: Digest, nonce: UInt64, RateStatement)
    case fetch(from: Position)
    /// Position 0 stands for the newest snapshot.
    case snapshot(position: Position, offset: Int)
    case openSlices(after: Position)
    case reserve(SliceRequest)
    case submit(VerifiedEvent)
    case decisions(DecisionBatch, records: [UInt8], VerifiedEvent)
    /// The node has applied every entry below this size, and their root is this.
    case cosign(size: Position, root: Digest)
    /// The checkpoint that proves a restriction.
    case checkpoint(of: Position)
}

/// What a node remembers of the log over its restarts.
package struct SeenLog: Hashable, Sendable {
    package var position: Position = 0
    package var root = Digest.zero
    /// The highest position heard of in any way.
    package var heard: Position = 0
    package var epoch: UInt64 = 0
    /// Decisions up to this number are at the ledger.
    package var shipped: UInt64 = 0

    package init() {}
}
