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
                "a batch of \(batch.node) has \(batch.bytes.count) bytes, at most \(StoreLimits.decisionBatchBytes) are allowed")
        }
        return try onDecisions("saving a batch of \(batch.node)") { db in
            defer { if let bytes = try? Self.usedBytes(db) { decisionBytes.store(bytes, ordering: .relaxed) } }
            if let problem = decisionProblem(adding: batch.bytes.count) { throw problem }
            if try !isWithinShare(batch, db) {
                throw StoreError(.full, "\(batch.node) has shipped more today than leaves room for other nodes' decisions; free some, or raise decisions_megabytes")
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

    /// Whether a node leaves others room: what it has shipped today may be so many times what is left, as in a switch whose
    /// ports share one memory (Choudhury and Hahne, 1998: dynamic queue length thresholds). Alone, a node has everything; what
    /// it shipped before today, or before this process began, is held against nobody.
    private func isWithinShare(_ batch: DecisionBatchRow, _ db: Database) throws -> Bool {
        let several = "SELECT (SELECT min(node) FROM batch) <> ?1 OR (SELECT max(node) FROM batch) <> ?1"
        guard try Bool.fetchOne(db.cachedStatement(sql: several), arguments: [batch.node]) == true else { return true }
        let today = time(nil) / 86_400
        return shipped.withLock { shipped in
            if shipped.day != today { shipped = (today, [:]) }
            return (shipped.bytes[batch.node, default: 0] + batch.bytes.count) / StoreLimits.decisionShare <= decisionRoom.bytes
        }
    }

    package func decisionBatches(_ search: BatchSearch, from row: Int64) throws(StoreError) -> (rows: [Int64], through: Int64, isEnd: Bool) {
        try onDecisions("searching batches from row \(row) on") { db in
            let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(row) FROM batch")) ?? 0
            let step = StoreLimits.batchesPerStep
            let nearest = min(max(0, row), last + 1)
            let (from, to) = search.newestFirst ? (max(1, min(nearest, last) - step + 1), min(nearest, last)) : (max(1, nearest), min(nearest + step - 1, last))
            guard from <= to else { return ([], search.newestFirst ? 1 : last, true) }
            let (text, arguments) = Self.condition(search)
            let statement = try db.cachedStatement(
                sql: """
                    SELECT b.row FROM batch b LEFT JOIN span s ON s.batch = b.row WHERE b.row BETWEEN ? AND ? \(text)
                    ORDER BY b.row \(search.newestFirst ? "DESC" : "ASC") LIMIT \(StoreLimits.batchesNamedPerStep)
                    """)
            let rows = try Int64.fetchAll(statement, arguments: [from, to] + StatementArguments(arguments))
            let through = rows.count == StoreLimits.batchesNamedPerStep ? rows.last! : search.newestFirst ? from : to
            return (rows, through, search.newestFirst ? through == 1 : through == last)
        }
    }

    private static func condition(_ search: BatchSearch) -> (String, [any DatabaseValueConvertible]) {
        var (text, arguments) = ("", [] as [any DatabaseValueConvertible])
        if let node = search.node {
            text += "AND b.node = ? "
            arguments.append(node)
        }
        if let incarnation = search.incarnation {
            text += "AND (b.incarnation = ? OR b.node = ?) AND b.first + b.count > ? "
            arguments += [incarnation.name, search.successorsOf ?? "", Int64(bitPattern: incarnation.sequence)]
        }
        if search.since > .min || search.until < .max {
            text += "AND (s.batch IS NULL OR s.newest >= ? AND s.oldest < ?) "
            arguments += [search.since, search.until]
        }
        if let grants = search.grants {
            let marks = Array(repeating: "?", count: grants.count).joined(separator: ", ")
            text += "AND (s.batch IS NULL OR EXISTS (SELECT 1 FROM batch_grant g WHERE g.position IN (\(marks)) AND g.batch = b.row)) "
            arguments += grants.map { Int64(bitPattern: $0) }
        }
        return (text, arguments)
    }

    package func decisionBatch(row: Int64) throws(StoreError) -> DecisionBatchRow? {
        try onDecisions("reading batch row \(row)") { db in
            let statement = try db.cachedStatement(sql: "SELECT row, node, incarnation, first, count, digest, bytes FROM batch WHERE row = ?")
            return try Row.fetchOne(statement, arguments: [row]).map { try self.batch($0) }
        }
    }

    package func node(ofIncarnation incarnation: String) throws(StoreError) -> String? {
        try onDecisions("asking whose run \(incarnation) is") { db in
            try String.fetchOne(db.cachedStatement(sql: "SELECT node FROM batch WHERE incarnation = ? LIMIT 1"), arguments: [incarnation])
        }
    }

    package func lastDecision(ofNode node: String) throws(StoreError) -> (incarnation: String, sequence: UInt64)? {
        try onDecisions("asking for the last batch of \(node)") { db in
            let statement = try db.cachedStatement(sql: "SELECT incarnation, first, count FROM batch WHERE node = ? ORDER BY row DESC LIMIT 1")
            return try Row.fetchOne(statement, arguments: [node]).map { row in
                (try row.value(0), UInt64(bitPattern: try row.value(1)) &+ UInt64(bitPattern: try row.value(2)) &- 1)
            }
        }
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

    private func batch(_ row: Row) throws -> DecisionBatchRow {
        let number: Int64 = try row.value(0)
        guard let digest = Digest(try row.value(5) as Data) else {
            throw StoreError(.corrupt, "\(decisions.path): batch row \(number) has no digest; restore a backup")
        }
        let count: Int = try row.value(4)
        guard (1...Int(UInt32.max)).contains(count) else {
            throw StoreError(.corrupt, "\(decisions.path): batch row \(number) has \(count) decisions; restore a backup")
        }
        return DecisionBatchRow(
            node: try row.value(1), incarnation: try row.value(2), firstSequence: UInt64(bitPattern: try row.value(3)), count: count,
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
