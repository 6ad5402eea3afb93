/// What a node's turn takes in: decoded, and verified where somebody has signed it.
package enum NodeInput: Sendable {
    /// A restriction from the urgent lane.
    case urgent(Event, at: Position)
    /// The next event of the log, and the root of the log that ends with it. See `Follower.admits`.
    case logged(Event, at: Position, root: Digest)
    /// What the ledger sent contradicts what it must be: nothing is served until somebody has looked.
    case contradiction(String)
    /// As it was published, and not verified yet.
    case publishedCheckpoint(note: String)
    /// Signed by the ledger.
    case checkpoint(origin: String, size: Position, root: Digest)
    case snapshot(View, root: Digest, head: Position)
    case reply(NodeReply, id: UInt64)
    /// The ledger wants back what is unspent.
    case recall([(grantID: String, unit: String)])
    /// What `readDecisions` found; nil where there is nothing. `isFull`: more did not fit the batch.
    case decisions(DecisionBatch?, records: [UInt8], isFull: Bool)
    /// Whether the journal is nearly full, or its disk is.
    case journal(isLow: Bool)
    /// The process is to end.
    case stop
}

/// What the ledger answers.
package enum NodeReply: Sendable {
    case submitted
    /// It has had decisions up to this number from the batch's first on.
    case stored(through: UInt64)
    case echo(EchoReply)
    case reserved([Purse.Granted], refused: [SliceAnswer.Refused])
    /// The log's head behind the page, whose events were taken in before.
    case fetched(head: Position)
    case snapshot(SnapshotChunk)
    /// A page of them: the slices after one, and after which the next page begins; 0 for none.
    case openSlices([Follower.OpenSlice], after: Position, next: Position)
    case checkpoint(note: String)
    case cosigned
    case refused(Refusal)
}

/// The journal of a node, which outlives its process.
package protocol NodeJournal: DecisionJournal {
    /// Number of the last record; 0 for none.
    var lastRecorded: UInt64 { get }
    /// Whether this process has recorded anything.
    var hasOwnRecords: Bool { get }
    /// Whether a record of any size can be taken now.
    var hasRoom: Bool { get }
    /// Whether segments end at or below this number.
    func canRelease(through sequence: UInt64) -> Bool
}
