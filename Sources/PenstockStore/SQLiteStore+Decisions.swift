internal import Foundation
internal import GRDB
internal import PenstockCore
internal import Synchronization

extension SQLiteStore {
    @discardableResult
    package func saveDecisionBatch(_ batch: DecisionBatchRow) throws(StoreError) -> Int {
        guard batch.bytes.count <= StoreLimits.decisionBatchBytes else {
            throw StoreError(
                .tooLarge,
                "a batch of \(batch.node) has \(batch.bytes.count) bytes, at most \(StoreLimits.decisionBatchBytes) are allowed")
        }
        return try onDecisions("saving a batch of \(batch.node)") { db in
            defer { if let bytes = try? Self.usedBytes(db) { decisionBytes.store(bytes, ordering: .relaxed) } }
            if let problem = decisionProblem(adding: batch.bytes.count) { throw problem }
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
                return db.changesCount == 1 ? batch.count : try Self.keptCount(batch, db)
            }
        }
    }

    package func decisionBatches(
        after rowID: Int64, limit: Int
    ) throws(StoreError) -> [(rowID: Int64, batch: DecisionBatchRow)] {
        try onDecisions("reading batches behind row \(rowID)") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT row, node, incarnation, first, count, digest, bytes FROM batch
                    WHERE row > ? ORDER BY row LIMIT ?
                    """)
            let rows = try Row.fetchCursor(statement, arguments: [rowID, max(0, limit)])
            var batches: [(rowID: Int64, batch: DecisionBatchRow)] = []
            var bytes = 0
            while let row = try rows.next() {
                let batch = try self.batch(row)
                bytes += batch.bytes.count
                if bytes > StoreLimits.decisionReadBytes, !batches.isEmpty { break }
                batches.append((rowID: row[0], batch: batch))
            }
            return batches
        }
    }

    private func batch(_ row: Row) throws -> DecisionBatchRow {
        guard let digest = Digest(row[5] as Data) else {
            throw StoreError(.corrupt, "\(decisions.path): batch row \(row[0] as Int64) has no digest; restore a backup")
        }
        return DecisionBatchRow(
            node: row[1], incarnation: row[2], firstSequence: UInt64(bitPattern: row[3]), count: row[4],
            digest: digest, bytes: [UInt8](row[6] as Data))
    }

    /// A node that says two different things under one number is at fault, and neither is dropped silently.
    private static func keptCount(_ batch: DecisionBatchRow, _ db: Database) throws -> Int {
        let kept = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT count, digest FROM batch WHERE node = ? AND incarnation = ? AND first = ?"),
            arguments: [batch.node, batch.incarnation, Int64(bitPattern: batch.firstSequence)])
        let count: Int = kept?[0] ?? 0
        guard count != batch.count || kept?[1] == Data(batch.digest.bytes) else {
            throw StoreError(
                .duplicate,
                "node \(batch.node), incarnation \(batch.incarnation): another batch is stored from \(batch.firstSequence) on")
        }
        return count
    }

    func noteDecisionBytes() throws(StoreError) {
        let bytes = try onDecisions("asking for the size") { try Self.usedBytes($0) }
        decisionBytes.store(bytes, ordering: .relaxed)
    }

    private func onDecisions<T>(_ action: String, _ body: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try decisions.inDatabase(body)
        } catch {
            throw StoreError(error, while: action, path: decisions.path)
        }
    }
}
