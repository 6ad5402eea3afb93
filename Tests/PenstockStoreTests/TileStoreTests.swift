internal import GRDB
internal import PenstockCore
internal import PenstockStore
internal import Testing

@Suite struct TileStoreTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func store(events count: UInt64) throws -> SQLiteStore {
        let store = try SQLiteStore(directory: folder.path)
        _ = try store.openEpoch(1, ifHead: store.head())
        _ = try store.append((1...count).map { event($0) }, ifHead: 0, epoch: 1)
        return store
    }

    /// Changes a closed log file by SQL, as another program could.
    private func tamper(_ sql: String) throws {
        let queue = try DatabaseQueue(path: folder.path + "/log.sqlite")
        try queue.inDatabase { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func tile(_ level: Int, _ index: Int) -> StoredTile {
        StoredTile(level: level, index: index, hashes: [UInt8](repeating: UInt8(index), count: StoreLimits.tileBytes))
    }

    @Test func tilesComeBack() throws {
        let store = try store(events: 600)
        #expect(try store.countTiles() == 0)
        try store.saveTiles([tile(0, 0), tile(0, 1)])
        #expect(try store.countTiles() == 2)
        #expect(try store.tile(level: 0, index: 1) == tile(0, 1).hashes)
        #expect(storeError { _ = try store.tile(level: 0, index: 2) }?.code == .corrupt)
    }

    @Test func changedTileIsCorrupt() throws {
        do { try store(events: 600).saveTiles([tile(0, 0), tile(0, 1)]) }
        try tamper("UPDATE tile SET hashes = zeroblob(8192) WHERE number = 1")
        let store = try SQLiteStore(directory: folder.path)
        #expect(try store.tile(level: 0, index: 0) == tile(0, 0).hashes)
        #expect(storeError { _ = try store.tile(level: 0, index: 1) }?.code == .corrupt)
    }

    /// They follow from the events: what is not whole is made anew.
    @Test(arguments: [
        "DELETE FROM tile WHERE number = 0", "UPDATE tile SET level = 1", "UPDATE tile SET number = 7 WHERE number = 1",
    ])
    func tilesWithAGapAreNone(sql: String) throws {
        do { try store(events: 600).saveTiles([tile(0, 0), tile(0, 1)]) }
        try tamper(sql)
        #expect(try SQLiteStore(directory: folder.path).countTiles() == 0)
    }

    @Test func tilesPastTheHeadAreNone() throws {
        let store = try store(events: 300)
        try store.saveTiles([tile(0, 0), tile(0, 1)])
        #expect(try store.countTiles() == 0)
    }

    @Test func logOfBeforeThereWereTilesOpens() throws {
        do { _ = try store(events: 3) }
        try tamper("DROP TABLE tile; DROP TABLE archived; PRAGMA user_version = 1")
        let store = try SQLiteStore(directory: folder.path)
        #expect(try store.countTiles() == 0)
        #expect(try store.head().position == 3)
    }
}
