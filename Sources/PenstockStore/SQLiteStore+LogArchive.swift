internal import Foundation
internal import GRDB
internal import Glibc
package import PenstockCore
internal import PenstockSystem
internal import Synchronization

/// Old events lie in the archive as entry bundles of C2SP tlog-tiles, `archive/log/tile/entries/…`, which any web
/// server or object store can hold. The log keeps their ids and checksums, so that reading and looking up an event
/// works as before.
extension SQLiteStore {
    /// Of the last event whose bytes lie in the archive; 0 for none.
    package var archivedThrough: Position { archivedEnd.load(ordering: .acquiring) }

    package var logArchive: String { archiveFolder + "/log" }

    /// Moves the next full bundle of events, all at or below `limit`, and only once it has been read back. Returns
    /// whether there was one, and room for it. From one thread at a time, which may be another than the sequencer's.
    package func archiveBundle(through limit: Position) throws(StoreError) -> Bool {
        let first = archivedThrough + 1
        let last = archivedThrough + Position(TilePath.width)
        guard last <= limit else { return false }
        let events = try read(from: first, maxCount: TilePath.width, maxBytes: .max)
        guard events.count == TilePath.width, let bundle = EntryBundle.encode(events.map(\.bytes)) else {
            throw StoreError(.corrupt, "the log has no full bundle of events from position \(first) on")
        }
        guard hasRoom(forArchive: bundle.count) else { return false }
        let path = bundlePath(first)
        try Self.write(bundle, to: path)
        guard try entries(path) == events.map(\.bytes) else {
            throw StoreError(.io, "\(path) does not give back what was written to it")
        }
        try writeLog("moving events to \(path)") { db in
            let arguments: StatementArguments = [Int64(first), Int64(last)]
            try db.cachedStatement(
                sql: "INSERT INTO archived SELECT position, id, checksum FROM event WHERE position BETWEEN ? AND ?"
            ).execute(arguments: arguments)
            try db.cachedStatement(sql: "DELETE FROM event WHERE position BETWEEN ? AND ?").execute(
                arguments: arguments)
        }
        archivedEnd.store(last, ordering: .releasing)
        return true
    }

    /// Writes a file of the archive, whole. One that is there must be the same: it is another log's otherwise.
    package static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        if let there = FileManager.default.contents(atPath: path) {
            guard [UInt8](there) == bytes else {
                throw StoreError(.io, "\(path) belongs to another log; move the archive away, or name another folder")
            }
            return
        }
        try makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        do {
            try DurableFile.write(bytes, to: path, by: path + ".partial")
        } catch {
            throw StoreError(error)
        }
    }

    static func makeFolder(_ path: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(.io, "cannot create \(path): \(error)")
        }
    }

    func noteArchive() throws(StoreError) {
        let last = try readLog("looking for what is in the archive") {
            try Int64.fetchOne($0, sql: "SELECT max(position) FROM archived") ?? 0
        }
        archivedEnd.store(Position(bitPattern: last), ordering: .releasing)
    }

    /// From `from` to the end of its bundle at most.
    func archivedEvents(from: Position, _ maxCount: Int, _ maxBytes: Int, _ db: Database) throws -> [StoredEvent] {
        let entries = try entries(bundlePath(from))
        let index = Int((from - 1) % Position(TilePath.width))
        guard entries.count == TilePath.width, maxCount > 0 else { return [] }
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT position, id, checksum FROM archived WHERE position >= ? ORDER BY position LIMIT ?"),
            arguments: [Int64(from), min(maxCount, TilePath.width - index)])
        var events: [StoredEvent] = []
        var bytes = 0
        for (row, entry) in zip(rows, entries[index...]) {
            let position = from + Position(events.count)
            guard let id = Digest(try row.value(1) as Data), try row.value(0) == Int64(position),
                RowChecksum.of(position: position, id: id, bytes: entry) == (try row.value(2))
            else {
                throw StoreError(
                    .corrupt, "\(bundlePath(from)): the event at position \(position) is not what was stored",
                    position: position)
            }
            bytes += entry.count
            if bytes > maxBytes, !events.isEmpty { break }
            events.append(StoredEvent(position: position, id: id, bytes: entry))
        }
        return events
    }

    private func bundlePath(_ position: Position) -> String {
        logArchive + "/" + TilePath.path("entries", index: Int(position - 1) / TilePath.width)
    }

    private func entries(_ path: String) throws(StoreError) -> [[UInt8]] {
        let file = ArchiveFile(path: path)
        let bytes = try file.read(at: 0, count: file.length)
        guard let entries = EntryBundle.decode(bytes), entries.count == TilePath.width else {
            throw StoreError(.corrupt, "\(path) is no full bundle of events, which were moved to it; put it back")
        }
        return entries
    }
}
