package import PenstockCore

/// What the ledger keeps beside the log to prove things by: checkpoints with their cosignatures, receipts, and the
/// decision batches whose digests the log carries.
///
/// None of it is authority: deleting all of it changes no verdict, only what can still be shown. Safe from any thread.
package protocol EvidenceStore: AnyObject, Sendable {
    /// Keeps a signed checkpoint of the first `size` events; an older note for the same size is replaced.
    func saveCheckpoint(size: UInt64, note: String) throws(StoreError)

    /// The checkpoint with the smallest size that is at least `size`, or nil.
    func checkpoint(atLeast size: UInt64) throws(StoreError) -> (size: UInt64, note: String)?

    /// Keeps a node's signature line over the checkpoint of that size; an older line of the node is replaced.
    func saveCosignature(size: UInt64, node: String, line: String) throws(StoreError)

    /// The signature lines over the checkpoint of that size, ordered by node.
    func cosignatures(size: UInt64) throws(StoreError) -> [(node: String, line: String)]

    /// Keeps the receipt for the event at `position`, replacing an earlier state of it.
    func saveReceipt(position: Position, json: [UInt8]) throws(StoreError)

    func receipt(position: Position) throws(StoreError) -> [UInt8]?

    /// Keeps a batch, durably when it returns: the node deletes its journal on the strength of it.
    ///
    /// What comes first under a node, incarnation and first sequence stays. Returns the number of decisions that are
    /// kept from there on: another than the batch's when the node had it stored with another end, and did not hear of
    /// it. Throws `.duplicate` when as many decisions with another content are stored there; `.tooLarge` above
    /// `StoreLimits.decisionBatchBytes`.
    @discardableResult
    func saveDecisionBatch(_ batch: DecisionBatchRow) throws(StoreError) -> Int

    /// Rows of batches that may hold what is looked for, in the order of arrival or against it, from `row` on, as far
    /// as `through`. `isEnd` when nothing lay beyond that.
    func decisionBatches(_ search: BatchSearch, from row: Int64) throws(StoreError) -> (
        rows: [Int64], through: Int64, isEnd: Bool
    )

    /// Nil where there is none.
    func decisionBatch(row: Int64) throws(StoreError) -> DecisionBatchRow?

    /// Whose batches are under an incarnation's name; nil where none are.
    func node(ofIncarnation incarnation: String) throws(StoreError) -> String?

    /// Of a node's last batch: its incarnation, and the number of its last decision.
    func lastDecision(ofNode node: String) throws(StoreError) -> (incarnation: String, sequence: UInt64)?
}

/// Which batches may hold what is looked for. What is not set excludes nothing.
package struct BatchSearch: Sendable {
    package var newestFirst = false
    package var node: String?
    /// With records of this number, or later.
    package var incarnation: (name: String, sequence: UInt64)?
    /// And of every later run of this node, which may say how a decision of that one ended.
    package var successorsOf: String?
    package var since: WallTime = .min
    package var until: WallTime = .max
    /// Positions of grants' events, at most `StoreLimits.grantsPerSearch`.
    package var grants: [Position]?

    package init() {}
}

/// A run of decisions from one node's journal, as the node encoded it.
package struct DecisionBatchRow: Sendable, Equatable {
    package var node: String
    /// The start of the node that made the decisions; sequence numbers are the journal's.
    package var incarnation: String
    package var firstSequence: UInt64
    /// How many decisions `bytes` holds.
    package var count: Int
    /// What the log carries for this batch.
    package var digest: Digest
    package var bytes: [UInt8]

    package init(
        node: String, incarnation: String, firstSequence: UInt64, count: Int, digest: Digest, bytes: [UInt8]
    ) {
        self.node = node
        self.incarnation = incarnation
        self.firstSequence = firstSequence
        self.count = count
        self.digest = digest
        self.bytes = bytes
    }
}
