internal import Foundation
internal import GRDB
package import PenstockCore
internal import Synchronization

extension SQLiteStore {
    package func head() throws(StoreError) -> LogHead {
        try readLog("reading the head") { try Self.head($0) }
    }

    package func append(
        _ events: [NewEvent], ifHead: Position, epoch: UInt64
    ) throws(StoreError) -> AppendOutcome {
        try writeLog("appending behind position \(ifHead)") { db in
            let head = try Self.head(db)
            guard head.epoch == epoch else { return .fenced(head) }
            guard head.position == ifHead else { return .conflict(head) }
            var position = ifHead
            for event in events {
                position += 1
                try Self.insert(event, at: position, db)
            }
            guard position > ifHead else { return .appended(head) }
            return .appended(try Self.setHead(LogHead(position: position, epoch: epoch), db))
        }
    }

    package func openEpoch(_ epoch: UInt64, ifHead: LogHead) throws(StoreError) -> AppendOutcome {
        try writeLog("opening epoch \(epoch)") { db in
            let head = try Self.head(db)
            guard epoch > head.epoch else { return .fenced(head) }
            guard head == ifHead else { return .conflict(head) }
            return .appended(try Self.setHead(LogHead(position: head.position, epoch: epoch), db))
        }
    }

    package func read(from: Position, maxCount: Int, maxBytes: Int) throws(StoreError) -> [StoredEvent] {
        try readLog("reading from position \(from)") { db in
            let head = try Self.head(db)
            if from > 0, from <= self.archivedEnd.load(ordering: .acquiring) {
                return try self.archivedEvents(from: from, maxCount, maxBytes, db)
            }
            var events: [StoredEvent] = []
            var bytes = 0
            guard maxCount > 0, from <= head.position else { return events }
            let statement = try db.cachedStatement(
                sql: "SELECT position, id, bytes, checksum FROM event WHERE position >= ? ORDER BY position LIMIT ?")
            let rows = try Row.fetchCursor(statement, arguments: [Int64(clamping: from), maxCount])
            while let row = try rows.next() {
                let event = try Self.event(row, expected: from + Position(events.count), path: self.log.path)
                bytes += event.bytes.count
                if bytes > maxBytes, !events.isEmpty { return events }
                events.append(event)
            }
            let next = from + Position(events.count)
            guard events.count == maxCount || next > head.position else {
                throw Self.missing(next, path: self.log.path)
            }
            return events
        }
    }

    package func position(of id: Digest) throws(StoreError) -> Position? {
        try readLog("looking up event \(id)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT position FROM event WHERE id = ?1 UNION ALL SELECT position FROM archived WHERE id = ?1")
            return try Int64.fetchOne(statement, arguments: [Data(id.bytes)]).map { Position(bitPattern: $0) }
        }
    }

    static func head(_ db: Database) throws -> LogHead {
        let statement = try db.cachedStatement(sql: "SELECT position, epoch FROM head")
        guard let row = try Row.fetchOne(statement) else {
            throw StoreError(.corrupt, "the log has no head row; restore a backup")
        }
        return LogHead(position: UInt64(bitPattern: try row.value(0)), epoch: UInt64(bitPattern: try row.value(1)))
    }

    static func setHead(_ head: LogHead, _ db: Database) throws -> LogHead {
        let statement = try db.cachedStatement(sql: "UPDATE head SET position = ?, epoch = ?")
        try statement.execute(arguments: [Int64(bitPattern: head.position), Int64(bitPattern: head.epoch)])
        return head
    }

    private static func insert(_ event: NewEvent, at position: Position, _ db: Database) throws {
        guard event.bytes.count <= StoreLimits.eventBytes else {
            throw StoreError(
                .tooLarge,
                "event \(event.id) has \(event.bytes.count) bytes, at most \(StoreLimits.eventBytes) are allowed")
        }
        let archived = try db.cachedStatement(sql: "SELECT 1 FROM archived WHERE id = ?")
        let isArchived = try Bool.fetchOne(archived, arguments: [Data(event.id.bytes)]) ?? false
        let statement = try db.cachedStatement(sql: "INSERT INTO event VALUES (?, ?, ?, ?)")
        do {
            if isArchived { throw DatabaseError(resultCode: .SQLITE_CONSTRAINT_UNIQUE) }
            try statement.execute(arguments: [
                Int64(position), Data(event.id.bytes), Data(event.bytes),
                RowChecksum.of(position: position, id: event.id, bytes: event.bytes),
            ])
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            throw StoreError(.duplicate, "event \(event.id) is in the log already; look up its position instead")
        }
    }

    /// The row as an event, if it stands where it must and is what was stored.
    static func event(_ row: Row, expected: Position, path: String) throws -> StoredEvent {
        let position = UInt64(bitPattern: try row.value(0))
        guard position == expected else { throw missing(expected, path: path) }
        let data: Data = try row.value(2)
        let bytes = [UInt8](data)
        guard let id = Digest(try row.value(1) as Data),
            RowChecksum.of(position: position, id: id, bytes: bytes) == (try row.value(3))
        else {
            throw StoreError(
                .corrupt, "\(path): the event at position \(position) is not what was stored; restore a backup",
                position: position)
        }
        return StoredEvent(position: position, id: id, bytes: bytes)
    }

    static func missing(_ position: Position, path: String) -> StoreError {
        StoreError(
            .corrupt, "\(path): the event at position \(position) is missing; restore a backup", position: position)
    }
}
