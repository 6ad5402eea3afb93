internal import GRDB
internal import Glibc

extension SQLiteStore {
    /// Copies the log, as it stands now, to a new file at `path`, by SQLite's backup interface
    /// (https://www.sqlite.org/backup.html). The file appears under its name only once it is complete and synced.
    ///
    /// The log's one connection is in use meanwhile: appends wait for as long as copying the file takes.
    /// Throws `.io` when `path` exists, `.full`.
    package func backup(to path: String) throws(StoreError) {
        guard access(path, F_OK) != 0 else {
            throw StoreError(.io, "\(path) exists already; name another file to back up to")
        }
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot create \(partial)") }
        defer { Glibc.close(descriptor) }
        do {
            try readLog("backing up to \(path)") { source in
                let target = try DatabaseQueue(path: partial)
                try target.inDatabase { try source.backup(to: $0) }
                try target.close()
            }
        } catch {
            unlink(partial)
            throw error
        }
        guard fsync(descriptor) == 0 else { throw .system("cannot sync \(partial)") }
        guard rename(partial, path) == 0 else { throw .system("cannot rename \(partial) to \(path)") }
        try Self.syncFolder(of: path)
    }

    private static func syncFolder(of path: String) throws(StoreError) {
        let folder = path.contains("/") ? path[..<(path.lastIndex(of: "/") ?? path.startIndex)] + "/" : "."
        let descriptor = open(String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open \(folder)") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("cannot sync \(folder)") }
    }
}
