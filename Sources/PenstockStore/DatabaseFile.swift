internal import GRDB
internal import GRDBSQLite
internal import Glibc

/// One of the two SQLite files of a data folder: how it is recognised, opened, and what is in it.
struct DatabaseFile {
    var name: String
    /// In the file's header (https://www.sqlite.org/fileformat2.html#application_id), so that no other file is taken
    /// for ours.
    var applicationID: Int32
    /// What brings each version to the next, from an empty file on. `user_version` counts them: a newer file is
    /// refused, never guessed at.
    var steps: [String]

    var version: Int32 { Int32(steps.count) }

    /// Opens the file in `directory`, or creates it with mode 0600. The caller has the folder's lock.
    ///
    /// - Parameter keepsBlocks: no block of the file or of its write-ahead log is given back, however little is in
    ///   them.
    func open(in directory: String, keepsBlocks: Bool = false) throws(StoreError) -> DatabaseQueue {
        let path = directory + "/" + name
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        var status = stat()
        let length = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        close(descriptor)

        var configuration = Configuration()
        configuration.label = name
        configuration.prepareDatabase { db in
            // Before the first read: then the WAL index is heap memory, no -shm file exists, and no other connection
            // can write or checkpoint (which is what SQLite before 3.51.3 must not be made to do).
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            // No file beside the two takes room that nobody has planned for.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            guard keepsBlocks else { return }
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(StoreLimits.checkpointPages)")
            try Self.control(db, SQLITE_FCNTL_PERSIST_WAL, 1)
            if length > 0 { try Self.control(db, SQLITE_FCNTL_CHUNK_SIZE, LogReserve.chunk(length)) }
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.inDatabase { db in
                try recognise(db, path)
                try makeDurable(db, path)
                try createSchema(db)
            }
            return queue
        } catch {
            throw StoreError(error, while: "opening", path: path)
        }
    }

    /// https://sqlite.org/c3ref/file_control.html
    static func control(_ db: Database, _ code: CInt, _ value: CInt) throws {
        var value = value
        let result = sqlite3_file_control(db.sqliteConnection, "main", code, &value)
        guard result == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: result)) }
    }

    /// Before anything is written: a file that is not ours is left as it is.
    private func recognise(_ db: Database, _ path: String) throws {
        let found = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
        guard found == applicationID || (found == 0 && isEmpty) else {
            throw StoreError(
                .incompatible, "\(path) belongs to another program (application_id \(found)); name another data folder")
        }
        let version = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= self.version else {
            throw StoreError(
                .incompatible,
                "\(path) has format \(version), this program knows up to \(self.version); use a newer program")
        }
    }

    /// The settings that "durable when it returns" rests on, each read back: SQLite ignores a pragma it cannot obey.
    ///
    /// In WAL mode FULL syncs the log at each commit (https://www.sqlite.org/pragma.html#pragma_synchronous); GRDB's
    /// own WAL set-up asks for NORMAL, under which power loss may undo a commit.
    private func makeDurable(_ db: Database, _ path: String) throws {
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        try db.execute(sql: "PRAGMA synchronous = FULL")
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        let locking = try String.fetchOne(db, sql: "PRAGMA locking_mode")
        guard journal == "wal", synchronous == 2, locking == "exclusive" else {
            throw StoreError(
                .io,
                "\(path): SQLite did not take WAL, FULL and EXCLUSIVE; is this a network file system? use a local one")
        }
    }

    private func createSchema(_ db: Database) throws {
        let found = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found < version else { return }
        try db.inTransaction(.immediate) {
            for step in steps[Int(found)...] { try db.execute(sql: step) }
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }
}
