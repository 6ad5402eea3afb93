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

    private func batch(_ first: UInt64, node: String = "n", count: Int = 5, digest: UInt64 = 1, byteCount: Int = 50) -> DecisionBatchRow {
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
        let all = try store.decisionBatches(after: 0, limit: 10)
        #expect(all.map(\.batch) == [batch(1), batch(1, node: "m", digest: 2), batch(.max)])
        #expect(try store.decisionBatches(after: all[0].rowID, limit: 1).map(\.batch) == [all[1].batch])
        #expect(try store.decisionBatches(after: all[2].rowID, limit: 10).isEmpty)
    }

    @Test func decisionBatchesAreBoundedInBytes() throws {
        let largest = StoreLimits.decisionBatchBytes
        #expect(storeError { try store.saveDecisionBatch(batch(1, byteCount: largest + 1)) }?.code == .tooLarge)
        for number in UInt64(1)...6 { try store.saveDecisionBatch(batch(number, byteCount: largest)) }
        #expect(try store.decisionBatches(after: 0, limit: 10).count == 4)
    }
}
