internal import GRDB

extension SQLiteStore {
    package func decisionBatches(_ search: BatchSearch, from row: Int64) throws(StoreError) -> (
        rows: [Int64], through: Int64, isEnd: Bool
    ) {
        try onDecisions("searching batches from row \(row) on") { db in
            let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(row) FROM batch")) ?? 0
            let step = StoreLimits.batchesPerStep
            let nearest = min(max(0, row), last + 1)
            let (from, to) =
                search.newestFirst
                ? (max(1, min(nearest, last) - step + 1), min(nearest, last))
                : (max(1, nearest), min(nearest + step - 1, last))
            guard from <= to else { return ([], search.newestFirst ? 1 : last, true) }
            let (text, arguments) = Self.condition(search)
            let statement = try db.cachedStatement(
                sql: """
                    SELECT b.row FROM batch b LEFT JOIN span s ON s.batch = b.row WHERE b.row BETWEEN ? AND ? \(text)
                    ORDER BY b.row \(search.newestFirst ? "DESC" : "ASC") LIMIT \(StoreLimits.batchesNamedPerStep)
                    """)
            let rows = try Int64.fetchAll(statement, arguments: [from, to] + StatementArguments(arguments))
            let isFull = rows.count == StoreLimits.batchesNamedPerStep
            let through = (isFull ? rows.last : nil) ?? (search.newestFirst ? from : to)
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
            let found = "SELECT 1 FROM batch_grant g WHERE g.position IN (\(marks)) AND g.batch = b.row"
            text += "AND (s.batch IS NULL OR EXISTS (\(found))) "
            arguments += grants.map { Int64(bitPattern: $0) }
        }
        return (text, arguments)
    }

    package func node(ofIncarnation incarnation: String) throws(StoreError) -> String? {
        try onDecisions("asking whose run \(incarnation) is") { db in
            try String.fetchOne(
                db.cachedStatement(sql: "SELECT node FROM batch WHERE incarnation = ? LIMIT 1"),
                arguments: [incarnation])
        }
    }

    package func lastDecision(ofNode node: String) throws(StoreError) -> (incarnation: String, sequence: UInt64)? {
        try onDecisions("asking for the last batch of \(node)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT incarnation, first, count FROM batch WHERE node = ? ORDER BY row DESC LIMIT 1")
            return try Row.fetchOne(statement, arguments: [node]).map { row in
                (try row.value(0), UInt64(bitPattern: try row.value(1)) &+ UInt64(bitPattern: try row.value(2)) &- 1)
            }
        }
    }
}
