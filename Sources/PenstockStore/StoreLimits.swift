internal import PenstockCore

/// Every bound of the store, with its reason.
package enum StoreLimits {
    /// The largest event: its length fits two bytes, as in the tiles that the log is exported in.
    package static let eventBytes = 65_535

    /// A tile of the log's tree, as C2SP tlog-tiles has it.
    static let hashesPerTile = TilePath.width
    package static let tileBytes = hashesPerTile * Digest.byteCount

    /// Tiles that one transaction stores, of three pages each: far below what the write-ahead log is kept ready for.
    package static let tilesPerSave = 32
    /// Tiles that wait for one transaction: entries whose hashes a start derives again, in some milliseconds.
    package static let tilesWaiting = 16

    /// The largest batch of decisions: one transaction's worth of memory on both sides.
    package static let decisionBatchBytes = 4 << 20

    /// Batches that are moved to the archive at once: in between, decisions are saved and searched.
    static let batchesArchivedAtOnce = 16
    /// A batch as lines of JSON: each record in base 64, beside what it says, of which a record has a hundred bytes at
    /// the least.
    static let archivedBatchBytes = 16 * decisionBatchBytes
    /// The archive makes room in the store, so it may go on where decisions do not.
    static let archiveLeavesFreeBytes = 8 << 20

    /// Batches that one step of a search goes through, and those of them that it names: decisions are saved in between.
    static let batchesPerStep: Int64 = 4_096
    static let batchesNamedPerStep = 64
    /// Grants that a search looks up by the index; it reads every batch for more.
    package static let grantsPerSearch = 16

    /// Up to this size a log is verified whole when it is opened (well under a second); above, its structure only,
    /// and the events as they are read.
    package static let verifiedOnOpenBytes = 64 << 20

    /// Pages of the write-ahead log from which on a commit moves them into the file, SQLite's own default.
    static let checkpointPages = 1000

    /// Blocks of the write-ahead log, all allocated ahead: it has up to `checkpointPages`, and then one commit of
    /// `Limits.commitBytes` and `Limits.commitEvents`. That one writes at most 512 pages of events, a leaf of the index
    /// of ids for each event, and some of the levels above: 1,700 of 4 KiB.
    static let walReserveBytes = 12 << 20

    /// What `log.sqlite` can grow by without asking the file system. An ordinary commit may find it one step short and
    /// take 3 MiB; 8 MiB are then left for restrictions, which is 10,000 at the least.
    static let logReserveBytes = 12 << 20

    /// Used up by so much, the reserve is grown again, and nothing but restrictions is taken when it cannot be.
    static let reserveStep = 1 << 20

    /// Receipts and their evidence stop here, so that what is left is for restrictions alone.
    static let evidenceFloorBytes = 6 << 20

    /// Below it not every commit of restrictions fits for certain: `Limits.commitBytes` in overflow pages that may be
    /// half empty, and the index.
    static let restrictionFloorBytes = 3 << 20

    /// Of the write-ahead log, what restrictions need: `checkpointPages`, and a commit of theirs.
    static let walFloorBytes = 8 << 20

    /// Where nothing can be allocated ahead, so much free space stands in for each part of the reserve.
    static let measuredReserveBytes = 2 * (walReserveBytes + logReserveBytes)

    /// Decisions leave this part of the file system free, and at most so much: the log's ordinary events go on in it.
    static let decisionsLeaveFreeShare = 10
    /// What a batch takes beside its bytes: pages of the index and the table that are written anew.
    static let decisionOverheadBytes = 64 << 10
    /// How many times what is left one node's decisions of a day may be, where other nodes' are kept too.
    static let decisionShare = 3
    static let decisionsLeaveFreeBytes = 64 << 20
}
