internal import Foundation
internal import GRDB
internal import Glibc
package import PenstockCore
internal import Synchronization

/// Old decisions lie in one file a day (UTC), `archive/decisions/YYYY-MM-DD.jsonl.gz`: lines of JSON, compressed batch
/// by batch. The store keeps where each batch lies, so that every search finds it as before.
extension SQLiteStore {
    private struct Due {
        var batch: DecisionBatchRow
        var row: Int64
        var day: String
    }

    /// Moves the oldest batches that are not to be kept, a bounded number of them, and only once they have been read
    /// back. Returns whether more may be due.
    package func archiveDecisions(_ kept: KeptInStore, now: WallTime) throws(StoreError) -> Bool {
        let due = try dueBatches(kept, now: now)
        guard let day = due.first?.day else { return false }
        let batches = due.prefix { $0.day == day }
        var members: [[UInt8]] = []
        for batch in batches { members.append(try Gzip.compress(DecisionLines.encode(batch.batch))) }
        guard hasRoom(forArchive: members.reduce(0) { $0 + $1.count }) else { return false }
        let (name, end) = try archiveFile(of: day)
        try Self.makeFolder(decisionArchive)
        let file = ArchiveFile(path: decisionArchive + "/" + name)
        let offsets = try file.append(members, at: end)
        for (batch, (offset, member)) in zip(batches, zip(offsets, members)) {
            guard try expand(file, offset, member.count) == batch.batch.bytes else {
                throw StoreError(.io, "\(file.path) does not give back what was written to it")
            }
        }
        try onDecisions("moving decisions to \(name)") { db in
            try Self.transaction(db) { db in
                for (batch, (offset, member)) in zip(batches, zip(offsets, members)) {
                    try db.cachedStatement(sql: "INSERT INTO archived VALUES (?, ?, ?, ?)").execute(arguments: [
                        batch.row, name, offset, member.count,
                    ])
                    try db.cachedStatement(sql: "UPDATE batch SET bytes = x'' WHERE row = ?").execute(arguments: [
                        batch.row
                    ])
                }
            }
            try noteSize(db)
        }
        return true
    }

    private func dueBatches(_ kept: KeptInStore, now: WallTime) throws(StoreError) -> [Due] {
        try onDecisions("looking for old decisions") { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT b.row, b.node, b.incarnation, b.first, b.count, b.digest, b.bytes, s.newest FROM batch b
                        LEFT JOIN span s ON s.batch = b.row
                        WHERE b.row > (SELECT coalesce(max(batch), 0) FROM archived) ORDER BY b.row LIMIT ?
                        """), arguments: [StoreLimits.batchesArchivedAtOnce])
            var over = kept.bytes.map { try? Self.liveBytes(db) - $0 }.flatMap { $0 } ?? 0
            var due: [Due] = []
            for row in rows {
                let newest: Int64 = try row.value(7) as Int64? ?? now
                let isOld = kept.age.map { newest < now - $0 } ?? false
                guard isOld || over > 0 else { break }
                let batch = try self.batch(row)
                over -= batch.bytes.count
                due.append(Due(batch: batch, row: try row.value(0), day: Self.day(newest)))
            }
            return due
        }
    }

    /// The day's file, or where somebody has taken that away, a further one; and where the known part of it ends.
    private func archiveFile(of day: String) throws(StoreError) -> (name: String, end: Int) {
        try onDecisions("asking for the archive's files") { db in
            var number = 1
            while true {
                let name = day + (number == 1 ? "" : ".\(number)") + ".jsonl.gz"
                let end = try Int.fetchOne(
                    db.cachedStatement(sql: "SELECT max(start + length) FROM archived WHERE file = ?"),
                    arguments: [name])
                if ArchiveFile(path: self.decisionArchive + "/" + name).length >= end ?? 0 { return (name, end ?? 0) }
                number += 1
            }
        }
    }

    /// The bytes of a batch that was moved; nil for one that was not.
    func archivedBytes(row: Int64) throws(StoreError) -> [UInt8]? {
        let place = try onDecisions("looking for batch row \(row) in the archive") { db in
            try Row.fetchOne(
                db.cachedStatement(sql: "SELECT file, start, length FROM archived WHERE batch = ?"), arguments: [row]
            ).map { (file: try $0.value(0) as String, start: try $0.value(1) as Int, length: try $0.value(2) as Int) }
        }
        guard let place else { return nil }
        return try expand(ArchiveFile(path: decisionArchive + "/" + place.file), place.start, place.length)
    }

    private func expand(_ file: ArchiveFile, _ offset: Int, _ count: Int) throws(StoreError) -> [UInt8] {
        let member = try file.read(at: offset, count: count)
        let text: [UInt8]
        do throws(StoreError) {
            text = try Gzip.expand(member, mostBytes: StoreLimits.archivedBatchBytes)
        } catch {
            throw StoreError(error.code, "\(file.path) at \(offset): \(error.message)")
        }
        guard let bytes = DecisionLines.decode(text) else {
            throw StoreError(.corrupt, "\(file.path) at \(offset): the lines are no batch of decisions")
        }
        return bytes
    }

    private var decisionArchive: String { archiveFolder + "/decisions" }

    func hasRoom(forArchive bytes: Int) -> Bool {
        guard let reserve else { return true }
        return room == .everything && reserve.freeBytes - bytes >= StoreLimits.archiveLeavesFreeBytes
    }

    /// UTC.
    private static func day(_ wall: WallTime) -> String {
        var seconds = time_t(clamping: wall / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return String(format: "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    }
}
