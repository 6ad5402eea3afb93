internal import Foundation
internal import GRDB
internal import PenstockCore
internal import Synchronization

extension SQLiteStore {
    /// Reads everything: SQLite's own integrity check and every event's checksum. Throws `.corrupt`, with the position
    /// where it is known. Holds the connection meanwhile.
    package func verify() throws(StoreError) {
        try readLog("verifying") { db in
            try self.checkStructure(db)
            try self.checkContent(db)
        }
    }

    func checkOnOpen() throws(StoreError) {
        try readLog("checking") { db in
            try self.checkStructure(db)
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
            if pages * pageSize <= StoreLimits.verifiedOnOpenBytes { try self.checkContent(db) }
        }
    }

    /// Positions are 1 to the head without a gap, those in the archive first.
    private func checkStructure(_ db: Database) throws {
        let head = try Self.head(db)
        let (archived, start, through) = try Self.extent(of: "archived", db)
        let (count, first, end) = try Self.extent(of: "event", db)
        let last = max(end, through)
        let isWhole = (archived == 0 || start == 1) && archived == through
        if !isWhole || (count > 0 && first != through + 1) || archived + count != last {
            throw Self.missing(try firstMissing(db), path: log.path)
        }
        if Position(last) < head.position {
            throw Self.missing(Position(last) + 1, path: log.path)
        }
        if Position(last) > head.position {
            throw StoreError(
                .corrupt, "\(log.path): position \(last) lies behind the head, \(head.position); restore a backup",
                position: Position(last))
        }
    }

    private static func extent(of table: String, _ db: Database) throws -> (count: Int64, first: Int64, last: Int64) {
        let row = try Row.fetchOne(db, sql: "SELECT count(*), min(position), max(position) FROM \(table)")
        return (row?[0] ?? 0, row?[1] ?? 0, row?[2] ?? 0)
    }

    private func firstMissing(_ db: Database) throws -> Position {
        let first = try Int64.fetchOne(
            db,
            sql: """
                WITH there(position) AS (SELECT position FROM event UNION ALL SELECT position FROM archived)
                SELECT min(p) FROM (SELECT 1 AS p UNION ALL SELECT position + 1 FROM there WHERE position >= 0)
                WHERE p NOT IN (SELECT position FROM there)
                """)
        return Position(first ?? 1)
    }

    private func checkContent(_ db: Database) throws {
        if let complaint = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)"), complaint != "ok" {
            throw StoreError(.corrupt, "\(log.path): \(complaint); restore a backup")
        }
        let rows = try Row.fetchCursor(db, sql: "SELECT position, id, bytes, checksum FROM event ORDER BY position")
        var expected = archivedEnd.load(ordering: .acquiring) + 1
        while let row = try rows.next() {
            _ = try Self.event(row, expected: expected, path: log.path)
            expected += 1
        }
    }
}
