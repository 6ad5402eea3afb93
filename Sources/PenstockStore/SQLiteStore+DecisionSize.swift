internal import GRDB
package import PenstockCore
internal import Synchronization

extension SQLiteStore {
    func noteDecisionBytes() throws(StoreError) {
        try onDecisions("asking for the size") { try noteSize($0) }
    }

    func noteSize(_ db: Database) throws {
        let live = try Self.liveBytes(db)
        decisionBytes.store(live, ordering: .relaxed)
        spareDecisionBytes.store(try Self.usedBytes(db) - live, ordering: .relaxed)
    }

    /// Without the pages that hold nothing any more.
    static func liveBytes(_ db: Database) throws -> Int {
        let free = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
        let size = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_size")) ?? 4096
        return try usedBytes(db) - free * size
    }

    /// How many batches there are, and how many of them, from the last one back, are of decisions made since then.
    package func decisionBatches(since wall: WallTime) throws(StoreError) -> (all: Int64, since: Int64) {
        try onDecisions("counting batches") { db in
            let first = try Int64.fetchOne(db.cachedStatement(sql: "SELECT min(row) FROM batch")) ?? 1
            let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(row) FROM batch")) ?? 0
            let newest = try db.cachedStatement(
                sql: "SELECT newest FROM span WHERE batch >= ? ORDER BY batch LIMIT 1")
            let begin = try Self.firstIndex(first, last + 1) { row in
                try Int64.fetchOne(newest, arguments: [row]) ?? .max >= wall
            }
            return (last + 1 - first, last + 1 - begin)
        }
    }

    /// The first number of a range from which on something holds; its end where it never does.
    private static func firstIndex(_ from: Int64, _ end: Int64, _ holds: (Int64) throws -> Bool) rethrows -> Int64 {
        var (low, high) = (from, end)
        while low < high {
            let middle = low + (high - low) / 2
            if try holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
