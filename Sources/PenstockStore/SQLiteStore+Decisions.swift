internal import Foundation
internal import GRDB
internal import Glibc
internal import PenstockCore
internal import Synchronization

extension SQLiteStore {
    @discardableResult
    package func saveDecisionBatch(_ batch: DecisionBatchRow) throws(StoreError) -> Int {
        guard batch.bytes.count <= StoreLimits.decisionBatchBytes else {
            throw StoreError(
                .tooLarge,
                """
                a batch of \(batch.node) has \(batch.bytes.count) bytes, at most \(StoreLimits.decisionBatchBytes) are \
                allowed
                """
            )
        }
        return try onDecisions("saving a batch of \(batch.node)") { db in
            defer { try? noteSize(db) }
            if let problem = decisionProblem(adding: batch.bytes.count) { throw problem }
            if try !isWithinShare(batch, db) {
                throw StoreError(
                    .full,
                    """
                    \(batch.node) has shipped more today than leaves room for other nodes' decisions; free some, or \
                    raise decisions_megabytes
                    """
                )
            }
            return try Self.transaction(db) { db in
                try db.cachedStatement(
                    sql: """
                        INSERT INTO batch (node, incarnation, first, count, digest, bytes) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT (node, incarnation, first) DO NOTHING
                        """
                ).execute(arguments: [
                    batch.node, batch.incarnation, Int64(bitPattern: batch.firstSequence), batch.count,
                    Data(batch.digest.bytes), Data(batch.bytes),
                ])
                guard db.changesCount == 1 else { return try Self.keptCount(batch, db) }
                try Self.index(batch, row: db.lastInsertedRowID, db)
                // Of what is kept: a batch that comes again takes nothing.
                shipped.withLock { $0.bytes[batch.node, default: 0] += batch.bytes.count }
                return batch.count
            }
        }
    }

    /// Whether a node leaves others room: what it has shipped today may be so many times what is left, as in a switch
    /// whose ports share one memory (Choudhury and Hahne, 1998: dynamic queue length thresholds). Alone, a node has
    /// everything; what it shipped before today, or before this process began, is held against nobody.
    private func isWithinShare(_ batch: DecisionBatchRow, _ db: Database) throws -> Bool {
        let several = "SELECT (SELECT min(node) FROM batch) <> ?1 OR (SELECT max(node) FROM batch) <> ?1"
        guard try Bool.fetchOne(db.cachedStatement(sql: several), arguments: [batch.node]) == true else { return true }
        let today = time(nil) / 86_400
        return shipped.withLock { shipped in
            if shipped.day != today { shipped = (today, [:]) }
            return (shipped.bytes[batch.node, default: 0] + batch.bytes.count) / StoreLimits.decisionShare
                <= decisionRoom.bytes
        }
    }

    package func decisionBatch(row: Int64) throws(StoreError) -> DecisionBatchRow? {
        let batch: DecisionBatchRow? = try onDecisions("reading batch row \(row)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT row, node, incarnation, first, count, digest, bytes FROM batch WHERE row = ?")
            return try Row.fetchOne(statement, arguments: [row]).map { try self.batch($0) }
        }
        // Its bytes, unless they were moved to the archive.
        guard var batch, batch.bytes.isEmpty, let bytes = try archivedBytes(row: row) else { return batch }
        batch.bytes = bytes
        return batch
    }

    /// Notes when its decisions were made and which grants they name, of a batch whose every record can be read.
    private static func index(_ batch: DecisionBatchRow, row: Int64, _ db: Database) throws {
        var (oldest, newest, count) = (WallTime.max, WallTime.min, 0)
        var grants: Set<Position> = []
        DecisionRecord.forEach(inBatch: batch.bytes) { _, bytes in
            guard let head = DecisionRecord.Head(bytes) else { return }
            count += 1
            (oldest, newest) = (min(oldest, head.wall), max(newest, head.wall))
            if head.grant > 0 { grants.insert(head.grant) }
        }
        guard count > 0, count == batch.count else { return }
        try db.cachedStatement(sql: "INSERT INTO span VALUES (?, ?, ?)").execute(arguments: [row, oldest, newest])
        let statement = try db.cachedStatement(sql: "INSERT INTO batch_grant VALUES (?, ?)")
        for grant in grants.sorted() { try statement.execute(arguments: [Int64(bitPattern: grant), row]) }
    }

    func batch(_ row: Row) throws -> DecisionBatchRow {
        let number: Int64 = try row.value(0)
        guard let digest = Digest(try row.value(5) as Data) else {
            throw StoreError(.corrupt, "\(decisions.path): batch row \(number) has no digest; restore a backup")
        }
        let count: Int = try row.value(4)
        guard (1...Int(UInt32.max)).contains(count) else {
            throw StoreError(
                .corrupt, "\(decisions.path): batch row \(number) has \(count) decisions; restore a backup")
        }
        return DecisionBatchRow(
            node: try row.value(1), incarnation: try row.value(2), firstSequence: UInt64(bitPattern: try row.value(3)),
            count: count,
            digest: digest, bytes: [UInt8](try row.value(6) as Data))
    }

    /// A node that says two different things under one number is at fault, and neither is dropped silently.
    private static func keptCount(_ batch: DecisionBatchRow, _ db: Database) throws -> Int {
        let kept = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT count, digest FROM batch WHERE node = ? AND incarnation = ? AND first = ?"),
            arguments: [batch.node, batch.incarnation, Int64(bitPattern: batch.firstSequence)])
        let count: Int = try kept?.value(0) ?? 0
        let digest: Data? = try kept?.value(1)
        guard count != batch.count || digest == Data(batch.digest.bytes) else {
            throw StoreError(
                .duplicate,
                """
                node \(batch.node), incarnation \(batch.incarnation): another batch is stored from \
                \(batch.firstSequence) on
                """
            )
        }
        return count
    }

    func onDecisions<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try decisions.inDatabase(body)
        } catch {
            throw StoreError(error, while: action, path: decisions.path)
        }
    }
}
