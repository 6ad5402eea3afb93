package import PenstockCore

/// All that a ledger keeps on its disk: the log of record, the evidence, the tree's tiles, and what of them lies in the
/// archive. Whoever uses a store knows this port; `StoreFolder` alone knows which store it is.
package protocol LedgerStore: EventStore, EvidenceStore {
    /// Everything in one transaction: a receipt's evidence comes in many pieces at once.
    func saveEvidence(
        checkpoints: [(size: UInt64, note: String)], cosignatures: [(size: UInt64, node: String, line: String)],
        receipts: [(position: Position, json: [UInt8])]
    ) throws(StoreError)

    /// How many batches there are, and how many of them, from the last one back, are of decisions made since then.
    func decisionBatches(since wall: WallTime) throws(StoreError) -> (all: Int64, since: Int64)

    func saveTiles(_ tiles: [StoredTile]) throws(StoreError)
    func tile(level: Int, index: Int) throws(StoreError) -> [UInt8]
    func countTiles() throws(StoreError) -> Int

    /// What the log has room for. `proveRoom` finds out after a failure; `restock` makes up for what was used.
    var room: StoreRoom { get }
    func proveRoom() throws(StoreError) -> StoreRoom
    func restock() throws(StoreError)
    var hasRoomForEvidence: Bool { get }
    func hasRoom(forFile bytes: Int) -> Bool
    var disk: StoreDisk { get }
    /// Of the log, without the pages that hold nothing any more.
    func liveLogBytes() throws(StoreError) -> Int

    /// Of the last event whose bytes lie in the archive; 0 for none.
    var archivedThrough: Position { get }
    /// The folder of the archived log.
    var logArchive: String { get }
    /// Moves the next full bundle of events, all at or below `limit`, and only once it has been read back. Returns
    /// whether there was one, and room for it. From one thread at a time, which may be another than the sequencer's.
    func archiveBundle(through limit: Position) throws(StoreError) -> Bool
    /// Writes a file of the archive, whole. One that is there must be the same: it is another log's otherwise.
    func writeArchived(_ bytes: [UInt8], to path: String) throws(StoreError)
    /// Moves some of the decisions that are not to be kept. Returns whether there were any.
    func archiveDecisions(_ kept: KeptInStore, now: WallTime) throws(StoreError) -> Bool

    func close() throws(StoreError)
}

extension SQLiteStore: LedgerStore {
    package func writeArchived(_ bytes: [UInt8], to path: String) throws(StoreError) { try Self.write(bytes, to: path) }
}

/// A data folder with a ledger's store in it.
package enum StoreFolder {
    /// Opens the store, creating what is missing, and checks it. The folder is free again when the store is
    /// deallocated.
    ///
    /// Throws `.locked` if another process has the folder, `.incompatible` for a file that is not ours, `.corrupt` with
    /// the position for a log that contradicts itself.
    package static func open(_ folder: String, _ options: StoreOptions = StoreOptions()) throws(StoreError)
        -> any LedgerStore
    {
        try SQLiteStore(directory: folder, options: options)
    }
}
