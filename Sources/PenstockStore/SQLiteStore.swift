internal import GRDB
internal import GRDBSQLite
internal import PenstockCore
internal import PenstockSystem
internal import Synchronization

/// The embedded store: `log.sqlite` and `decisions.sqlite` in one data folder that this process alone has.
///
/// Each file has one connection, which writes and checkpoints. Decisions are kept apart so that the log, which is
/// backed up and verified whole, stays small; they are synced as strictly as the log, because a node deletes its
/// journal once a batch is acknowledged.
///
/// Calls from several threads wait for one another. The folder is free again when the store is deallocated.
package final class SQLiteStore: EventStore, EvidenceStore, Sendable {
    let log: DatabaseQueue
    let decisions: DatabaseQueue
    private let failure = Mutex<StoreError?>(nil)
    /// Nil where the log may use what there is: a backup's, for one.
    let reserve: LogReserve?
    let maximumDecisionBytes: Int?
    /// Of `decisions.sqlite`, as its own thread has left it: whoever asks does not wait for that one's writes. What its
    /// pages hold, and what is free in them.
    let decisionBytes = Atomic(0)
    let spareDecisionBytes = Atomic(0)
    let archiveFolder: String
    /// The last event whose bytes lie in the archive; 0 for none.
    let archivedEnd = Atomic<Position>(0)
    /// What each node has shipped today (UTC).
    let shipped = Mutex((day: 0, bytes: [String: Int]()))
    // Last, so that it is let go of after the connections.
    private let lock: DataFolderLock

    package typealias Options = StoreOptions

    /// Opens the store in `directory`, creating what is missing, and checks it.
    ///
    /// Throws `.locked` if another process has the folder, `.incompatible` for a file that is not ours, `.corrupt` with
    /// the position for a log that contradicts itself.
    package init(directory: String, options: Options = Options()) throws(StoreError) {
        do {
            lock = try DataFolderLock(directory: directory)
        } catch {
            throw StoreError(error)
        }
        log = try DatabaseFile.log.open(in: directory, keepsBlocks: options.reservesRoom)
        reserve = options.reservesRoom ? try LogReserve(path: log.path) : nil
        maximumDecisionBytes = options.maximumDecisionBytes
        archiveFolder = options.archiveFolder ?? directory + "/archive"
        decisions = try DatabaseFile.decisions.open(in: directory)
        try noteArchive()
        try checkOnOpen()
        try noteDecisionBytes()
        try restock()
        if let bytes = options.maximumLogBytes {
            try readLog("setting the size limit") { db in
                let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
                _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(max(1, bytes / pageSize))")
            }
        }
    }

    /// Ends the connections, which moves the write-ahead logs into the files. Last, as every call after it fails.
    ///
    /// SQLite takes damage in a write-ahead log for the end of what was committed, so nothing should rest there.
    package func close() throws(StoreError) {
        let isMoved = reserve != nil && isWALMoved
        defer { if isMoved { reserve?.emptyWAL() } }
        for database in [log, decisions] {
            do {
                try database.close()
            } catch {
                throw StoreError(error, while: "closing", path: database.path)
            }
        }
    }

    /// Whether everything in the log's write-ahead log is in its file, too
    /// (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
    private var isWALMoved: Bool {
        let row = try? log.inDatabase { try Row.fetchOne($0, sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        guard let row, let busy = row[0] as Int?, let frames = row[1] as Int?, let moved = row[2] as Int? else {
            return false
        }
        return busy == 0 && frames == moved
    }

    /// The version of the SQLite library in use, for the start-up report.
    package func libraryVersion() throws(StoreError) -> String {
        try readLog("asking for the SQLite version") { try String.fetchOne($0, sql: "SELECT sqlite_version()") ?? "?" }
    }

    /// Runs `body` on the log's connection. Nothing is read from a log whose last write failed.
    func readLog<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        if let failed = failure.withLock({ $0 }) { throw failed }
        do {
            return try log.inDatabase(body)
        } catch {
            throw StoreError(error, while: action, path: log.path)
        }
    }

    /// Runs `body` in a transaction that is committed, and synced, when this returns.
    ///
    /// After a write or sync that failed, what the disk holds is unknown (Linux forgets the failed pages, so that a
    /// second fsync succeeds without them): the store then refuses everything until it is opened anew.
    func writeLog<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        if let failed = failure.withLock({ $0 }) { throw failed }
        do {
            return try log.inDatabase { db in
                let result = try Self.transaction(db, body)
                if let reserve { reserve.note(used: try Self.usedBytes(db)) }
                return result
            }
        } catch {
            let error = StoreError(error, while: action, path: log.path)
            if error.code == .io { failure.withLock { $0 = error } }
            throw error
        }
    }

    static func transaction<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        var result: T?
        try db.inTransaction(.immediate) {
            result = try body(db)
            return .commit
        }
        guard let result else { preconditionFailure("a committed transaction ran its body") }
        return result
    }
}
