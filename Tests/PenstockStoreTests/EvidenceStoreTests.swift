internal import GRDB
internal import PenstockCore
internal import PenstockStore
internal import Testing

@Suite struct EvidenceStoreTests {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init() throws {
        folder = try TemporaryFolder()
        store = try SQLiteStore(directory: folder.path)
    }

    @Test func checkpointIsTheSmallestThatCovers() throws {
        try store.saveCheckpoint(size: 10, note: "ten")
        try store.saveCheckpoint(size: 30, note: "thirty")
        try store.saveCheckpoint(size: 20, note: "old")
        try store.saveCheckpoint(size: 20, note: "twenty")
        #expect(try store.checkpoint(atLeast: 0)?.note == "ten")
        #expect(try store.checkpoint(atLeast: 10)?.size == 10)
        #expect(try store.checkpoint(atLeast: 11)?.note == "twenty")
        #expect(try store.checkpoint(atLeast: 31) == nil)
    }

    @Test func cosignaturesComeOrderedByNode() throws {
        try store.saveCosignature(size: 10, node: "b", line: "1")
        try store.saveCosignature(size: 10, node: "a", line: "2")
        try store.saveCosignature(size: 11, node: "c", line: "3")
        try store.saveCosignature(size: 10, node: "b", line: "4")
        #expect(try store.cosignatures(size: 10).map(\.node) == ["a", "b"])
        #expect(try store.cosignatures(size: 10).map(\.line) == ["2", "4"])
        #expect(try store.cosignatures(size: 9).isEmpty)
    }

    @Test func receiptIsReplaced() throws {
        #expect(try store.receipt(position: 1) == nil)
        try store.saveReceipt(position: 1, json: Array("{}".utf8))
        try store.saveReceipt(position: 1, json: Array("{1}".utf8))
        #expect(try store.receipt(position: 1) == Array("{1}".utf8))
    }

    private func batch(_ first: UInt64, node: String = "n", count: Int = 5, digest: UInt64 = 1, byteCount: Int = 50)
        -> DecisionBatchRow
    {
        DecisionBatchRow(
            node: node, incarnation: "i", firstSequence: first, count: count, digest: id(digest),
            bytes: [UInt8](repeating: 9, count: byteCount))
    }

    @Test func decisionBatchIsStoredOnce() throws {
        #expect(try store.saveDecisionBatch(batch(1)) == 5)
        #expect(try store.saveDecisionBatch(batch(1)) == 5)
        #expect(try store.saveDecisionBatch(batch(1, count: 9, digest: 2)) == 5)
        #expect(try store.saveDecisionBatch(batch(1, count: 3, digest: 2)) == 5)
        #expect(storeError { try store.saveDecisionBatch(batch(1, digest: 2)) }?.code == .duplicate)
        try store.saveDecisionBatch(batch(1, node: "m", digest: 2))
        try store.saveDecisionBatch(batch(.max))
        let (rows, through, isEnd) = try store.decisionBatches(BatchSearch(), from: 0)
        #expect((rows.count, through, isEnd) == (3, rows.last, true))
        #expect(
            try rows.map { try store.decisionBatch(row: $0) } == [
                batch(1), batch(1, node: "m", digest: 2), batch(.max),
            ])
        #expect(try store.decisionBatches(BatchSearch(), from: rows[1]).rows == [rows[1], rows[2]])
        #expect(try store.decisionBatches(BatchSearch(), from: rows[2] + 1).rows.isEmpty)
        #expect(try store.decisionBatch(row: 99) == nil)
    }

    @Test func decisionBatchesAreBoundedInBytes() throws {
        let largest = StoreLimits.decisionBatchBytes
        #expect(storeError { try store.saveDecisionBatch(batch(1, byteCount: largest + 1)) }?.code == .tooLarge)
        try store.saveDecisionBatch(batch(1, byteCount: largest))
        #expect(try store.decisionBatch(row: 1)?.bytes.count == largest)
    }

    /// A batch of records, each of a grant and a time.
    private func indexed(_ first: UInt64, node: String = "n", _ records: [(grant: Position, wall: WallTime)])
        -> DecisionBatchRow
    {
        let bytes = records.flatMap { grant, wall in
            var record = DecisionRecord(kind: .decided)
            (record.grant, record.wall) = (grant, wall)
            let bytes = record.bytes
            return withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes
        }
        return DecisionBatchRow(
            node: node, incarnation: "i\(node)", firstSequence: first, count: records.count, digest: id(first),
            bytes: bytes)
    }

    private func rows(_ change: (inout BatchSearch) -> Void) throws -> [Int64] {
        var search = BatchSearch()
        change(&search)
        return try store.decisionBatches(search, from: search.newestFirst ? .max : 0).rows
    }

    @Test func searchNamesBatchesThatMayHoldIt() throws {
        try store.saveDecisionBatch(indexed(1, [(2, 10), (3, 20)]))
        try store.saveDecisionBatch(indexed(3, [(3, 15)]))
        try store.saveDecisionBatch(indexed(1, node: "m", [(0, 30), (4, 5)]))
        // What cannot be read is in every search but for what its row says.
        try store.saveDecisionBatch(batch(9, node: "m"))
        #expect(try rows { $0.grants = [3] } == [1, 2, 4])
        #expect(try rows { $0.grants = [2, 4] } == [1, 3, 4])
        #expect(try rows { $0.grants = [] } == [4])
        #expect(try rows { $0.node = "n" } == [1, 2])
        #expect(try rows { ($0.since, $0.until) = (16, 30) } == [1, 3, 4])
        #expect(try rows { ($0.since, $0.until) = (31, .max) } == [4])
        #expect(try rows { ($0.since, $0.until) = (20, 21) } == [1, 3, 4])
        #expect(try rows { ($0.since, $0.until) = (21, 22) } == [3, 4])
        #expect(try rows { $0.until = 10 } == [3, 4])
        #expect(try rows { $0.incarnation = ("in", 2) } == [1, 2])
        #expect(try rows { $0.incarnation = ("in", 3) } == [2])
        #expect(try rows { $0.incarnation = ("in", 4) } == [])
        #expect(try rows { ($0.newestFirst, $0.grants) = (true, [3]) } == [4, 2, 1])
        #expect(try store.lastDecision(ofNode: "n")?.sequence == 3)
        #expect(try store.lastDecision(ofNode: "x") == nil)
    }

    @Test func searchGoesOnWhereItsStepEnded() throws {
        for number in UInt64(1)...150 { try store.saveDecisionBatch(indexed(number, [(number % 2, 5)])) }
        for isDescending in [false, true] {
            var (search, found, from) = (BatchSearch(), [Int64](), isDescending ? Int64.max : 0)
            (search.newestFirst, search.grants) = (isDescending, [1])
            while true {
                let (rows, through, isEnd) = try store.decisionBatches(search, from: from)
                found += rows
                if isEnd { break }
                from = isDescending ? through - 1 : through + 1
            }
            let expected = (1...150).filter { $0 % 2 == 1 }
            #expect(found == (isDescending ? expected.reversed() : expected).map(Int64.init))
        }
        #expect(try store.decisionBatches(BatchSearch(), from: 151).through == 150)
    }

    @Test func fileOfTheFormatBeforeIsSearchedWhole() throws {
        let old = try TemporaryFolder()
        do {
            let store = try SQLiteStore(directory: old.path)
            try store.saveDecisionBatch(indexed(1, [(2, 10)]))
            try store.close()
        }
        let file = try DatabaseQueue(path: old.path + "/decisions.sqlite")
        try file.write { db in
            try db.execute(
                sql:
                    """
                    DROP INDEX batch_of_node; DROP INDEX batch_of_incarnation; DROP TABLE span; DROP TABLE \
                    batch_grant; DROP TABLE archived; PRAGMA user_version = 1
                    """
            )
        }
        try file.close()
        let again = try SQLiteStore(directory: old.path)
        try again.saveDecisionBatch(indexed(2, [(3, 20)]))
        var search = BatchSearch()
        search.grants = [9]
        #expect(try again.decisionBatches(search, from: 0).rows == [1])
        search.grants = [3]
        #expect(try again.decisionBatches(search, from: 0).rows == [1, 2])
    }
}
