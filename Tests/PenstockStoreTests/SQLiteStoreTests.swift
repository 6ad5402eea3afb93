internal import Foundation
internal import GRDB
internal import PenstockCore
internal import PenstockStore
internal import Testing

@Suite struct SQLiteStoreTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A store with `count` events, opened in epoch 1.
    private func store(_ directory: String? = nil, events count: UInt64 = 0) throws -> SQLiteStore {
        let store = try SQLiteStore(directory: directory ?? folder.path)
        _ = try store.openEpoch(1, ifHead: store.head())
        if count > 0 { _ = try store.append((1...count).map { event($0) }, ifHead: 0, epoch: 1) }
        return store
    }

    /// Changes a closed log file by SQL, as another program could.
    private func tamper(_ sql: String, file: String = "log.sqlite") throws {
        let queue = try DatabaseQueue(path: folder.path + "/" + file)
        try queue.inDatabase { try $0.execute(sql: sql) }
        try queue.close()
    }

    @Test func conformsToEventStore() throws {
        var count = 0
        var directory = ""
        try checkEventStoreConformance(
            make: {
                count += 1
                directory = folder.path + "/\(count)"
                return try SQLiteStore(directory: directory)
            },
            reopen: { store in
                try FileManager.default.copyItem(atPath: directory, toPath: directory + "-again")
                _ = consume store
                return try SQLiteStore(directory: directory + "-again")
            })
    }

    @Test func reopeningTheSameFolder() throws {
        do { _ = try store(events: 3) }
        #expect(try SQLiteStore(directory: folder.path).head() == LogHead(position: 3, epoch: 1))
    }

    /// What a killed process leaves: the files as they are, with no orderly close.
    @Test func copyOfOpenFilesHasEveryAcknowledgedAppend() throws {
        let store = try store(events: 5)
        for number in UInt64(6)...40 {
            _ = try store.append([event(number)], ifHead: number - 1, epoch: 1)
            guard number.isMultiple(of: 10) else { continue }
            let copy = folder.path + "/copy\(number)"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            for file in ["log.sqlite", "log.sqlite-wal"] {
                try FileManager.default.copyItem(atPath: "\(folder.path)/\(file)", toPath: "\(copy)/\(file)")
            }
            let reopened = try SQLiteStore(directory: copy)
            #expect(try reopened.head() == LogHead(position: number, epoch: 1))
            #expect(try reopened.read(from: 1, maxCount: 100, maxBytes: 100_000).count == Int(number))
        }
    }

    @Test func secondOpenerIsRefusedWithTheHolder() throws {
        let first = try store()
        let error = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("process \(getpid())") == true)
        #expect(try first.head().epoch == 1)
    }

    @Test func filesAreTheOwnersAlone() throws {
        let store = try store(events: 1)
        for file in ["log.sqlite", "log.sqlite-wal", "decisions.sqlite", "lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(file)")
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
        }
        #expect(try store.libraryVersion().hasPrefix("3."))
    }

    @Test func missingRowIsRefusedWithItsPosition() throws {
        do { _ = try store(events: 5) }
        try tamper("DELETE FROM event WHERE position = 3")
        let error = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(error?.code == .corrupt)
        #expect(error?.position == 3)
    }

    @Test(arguments: [("DELETE FROM event WHERE position = 1", 1), ("DELETE FROM event WHERE position = 5", 5)])
    func missingEndIsRefusedWithItsPosition(sql: String, position: Position) throws {
        do { _ = try store(events: 5) }
        try tamper(sql)
        #expect(storeError { _ = try SQLiteStore(directory: folder.path) }?.position == position)
    }

    @Test func headThatDisagreesIsRefused() throws {
        do { _ = try store(events: 5) }
        try tamper("UPDATE head SET position = 4")
        let error = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(error?.code == .corrupt)
        #expect(error?.position == 5)
        try tamper("DELETE FROM head")
        #expect(storeError { _ = try SQLiteStore(directory: folder.path) }?.code == .corrupt)
    }

    @Test func flippedByteOfAnEventIsRefusedWithItsPosition() throws {
        do { _ = try store(events: 20) }
        let path = folder.path + "/log.sqlite"
        let offset = try #require(try firstOffset(of: [UInt8](repeating: 7, count: 100), in: path))
        try damage(path, at: offset + 50)
        let error = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(error?.code == .corrupt)
        #expect(error?.position == 7)
    }

    /// One bit in a row's header makes a number nothing, whatever the table's constraints are.
    @Test(arguments: [
        ("log", "head", "position"), ("log", "head", "epoch"), ("log", "event", "id"), ("log", "event", "bytes"),
        ("log", "event", "checksum"),
        ("log", "receipt", "json"), ("log", "checkpoint", "note"), ("log", "cosignature", "line"),
        ("decisions", "batch", "node"),
        ("decisions", "batch", "incarnation"), ("decisions", "batch", "first"), ("decisions", "batch", "count"),
        ("decisions", "batch", "digest"),
        ("decisions", "batch", "bytes"),
    ])
    func valueThatIsNotThereIsDamageAndEndsNoProcess(file: String, table: String, column: String) throws {
        do {
            let store = try store(events: 1)
            try store.saveEvidence(checkpoints: [(1, "note")], cosignatures: [(1, "a", "line")], receipts: [(1, [1])])
            try store.saveDecisionBatch(
                DecisionBatchRow(node: "a", incarnation: "i", firstSequence: 1, count: 1, digest: id(1), bytes: [1]))
        }
        try tamper(
            """
            CREATE TABLE copy AS SELECT * FROM \(table); DROP TABLE \(table); ALTER TABLE copy RENAME TO \(table);
            UPDATE \(table) SET \(column) = NULL
            """, file: file + ".sqlite")
        let error = storeError {
            let store = try SQLiteStore(directory: folder.path)
            _ = try store.read(from: 1, maxCount: 10, maxBytes: 1 << 20)
            _ = try store.receipt(position: 1)
            _ = try store.checkpoint(atLeast: 1)
            _ = try store.cosignatures(size: 1)
            _ = try store.decisionBatch(row: 1)
        }
        #expect(error?.code == .corrupt, "\(String(describing: error))")
    }

    @Test func flippedByteOfTheFileHeaderIsRefused() throws {
        do { _ = try store(events: 20) }
        try damage(folder.path + "/log.sqlite", at: 3)
        #expect(storeError { _ = try SQLiteStore(directory: folder.path) }?.code == .corrupt)
    }

    @Test func foreignAndNewerFilesAreRefusedUntouched() throws {
        try tamper("CREATE TABLE other (x); PRAGMA application_id = 42")
        let path = folder.path + "/log.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let foreign = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(foreign?.code == .incompatible)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)

        try FileManager.default.removeItem(atPath: path)
        do { _ = try store(events: 1) }
        try tamper("PRAGMA user_version = 99")
        let newer = storeError { _ = try SQLiteStore(directory: folder.path) }
        #expect(newer?.code == .incompatible)
        #expect(newer?.message.contains("format 99") == true)
    }

    @Test func sizeLimitLeavesTheStoreAsItWas() throws {
        let store = try SQLiteStore(directory: folder.path, options: .init(maximumLogBytes: 512 * 1024))
        _ = try store.openEpoch(1, ifHead: store.head())
        try fill(store)
    }

    @Test func fullDiskLeavesTheStoreAsItWas() throws {
        let ran = try withSmallFileSystem(size: "4m") { path in
            let store = try SQLiteStore(directory: path + "/data")
            _ = try store.openEpoch(1, ifHead: store.head())
            try fill(store)
        }
        if !ran { print("not root: the full-disk test ran with a size limit only") }
    }

    /// Appends until there is no room, then checks that all that was acknowledged is there and nothing else.
    private func fill(_ store: SQLiteStore) throws {
        var head: Position = 0
        var error: StoreError?
        while error == nil, head < 1000 {
            error = storeError {
                _ = try store.append(
                    [event(head + 1, byteCount: 20_000), event(head + 2, byteCount: 20_000)], ifHead: head, epoch: 1)
                head += 2
            }
        }
        #expect(error?.code == .full)
        #expect(head > 2)
        #expect(try store.head() == LogHead(position: head, epoch: 1))
        #expect(try store.position(of: id(head + 1)) == nil)
        #expect(try store.read(from: 1, maxCount: 5000, maxBytes: 1 << 30).count == Int(head))
        #expect(storeError { try store.verify() } == nil)
    }
}
