internal import Foundation
internal import GRDB
internal import PenstockCore
internal import PenstockStore
internal import Testing

@Suite struct LogArchiveTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var bundle: String { folder.path + "/archive/log/tile/entries/000" }

    private func store(events count: UInt64 = 1_000) throws -> SQLiteStore {
        let store = try SQLiteStore(directory: folder.path)
        _ = try store.openEpoch(1, ifHead: store.head())
        _ = try store.append((1...count).map { event($0) }, ifHead: 0, epoch: 1)
        return store
    }

    /// Page by page, as every reader does.
    private func all(_ store: SQLiteStore) throws -> [StoredEvent] {
        var events: [StoredEvent] = []
        while true {
            let page = try store.read(from: Position(events.count) + 1, maxCount: 300, maxBytes: .max)
            if page.isEmpty { return events }
            events += page
        }
    }

    @Test func eventsAreReadAndFoundAsBefore() throws {
        var before: [StoredEvent] = []
        do {
            let store = try store()
            before = try all(store)
            while try store.archiveBundle(through: 800) {}
            #expect(store.archivedThrough == 768)
            #expect(try all(store) == before)
        }
        let store = try SQLiteStore(directory: folder.path)
        try store.verify()
        #expect(store.archivedThrough == 768)
        #expect(try all(store) == before)
        #expect(try store.position(of: id(5)) == 5)
        #expect(try store.read(from: 255, maxCount: 9, maxBytes: .max).map(\.position) == [255, 256])
        #expect(try store.read(from: 250, maxCount: 9, maxBytes: 1).map(\.position) == [250])
        #expect(storeError { _ = try store.append([event(7)], ifHead: 1_000, epoch: 1) }?.code == .duplicate)
        #expect(
            try store.append([event(1_001)], ifHead: 1_000, epoch: 1) == .appended(LogHead(position: 1_001, epoch: 1)))
    }

    @Test func bundleHasTheLayoutOfTheSpecification() throws {
        let store = try store()
        #expect(try store.archiveBundle(through: 256))
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: bundle)))
        #expect(bytes.count == 256 * 102 && bytes.prefix(3) == [0, 100, 1])
        #expect(try !store.archiveBundle(through: 511))
    }

    /// It died before the store had said so.
    @Test func bundleThatIsThereAlreadyIsTakenWhereItIsTheSame() throws {
        let store = try store()
        #expect(try store.archiveBundle(through: 256))
        let kept = try Data(contentsOf: URL(fileURLWithPath: bundle))
        let other = folder.path + "/other"
        let second = try SQLiteStore(directory: other)
        _ = try second.openEpoch(1, ifHead: second.head())
        _ = try second.append((1...300).map { event($0) }, ifHead: 0, epoch: 1)
        let place = other + "/archive/log/tile/entries"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try kept.write(to: URL(fileURLWithPath: place + "/000"))
        #expect(try second.archiveBundle(through: 256))
        #expect(try all(second).count == 300)
    }

    @Test func anotherLogsBundleIsNotReplaced() throws {
        let store = try store()
        let place = folder.path + "/archive/log/tile/entries"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Data([0, 1, 2]).write(to: URL(fileURLWithPath: bundle))
        #expect(storeError { _ = try store.archiveBundle(through: 256) }?.message.contains("another log") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: bundle)) == Data([0, 1, 2]))
        #expect(try all(store).count == 1_000)
    }

    @Test func changedBundleIsCorruptAndPutBackItServes() throws {
        let store = try store()
        while try store.archiveBundle(through: 512) {}
        for offset in [0, 1, 2, 50, 102 * 200 + 7] {
            try damage(bundle, at: offset)
            #expect(storeError { _ = try all(store) }?.code == .corrupt, "offset \(offset)")
            try damage(bundle, at: offset)
        }
        try FileManager.default.moveItem(atPath: bundle, toPath: folder.path + "/away")
        #expect(storeError { _ = try all(store) }?.message.contains(bundle) == true)
        #expect(try store.read(from: 513, maxCount: 9, maxBytes: .max).count == 9)
        try FileManager.default.moveItem(atPath: folder.path + "/away", toPath: bundle)
        #expect(try all(store).count == 1_000)
    }

    @Test func lostRowOfTheArchiveIsFoundAtTheStart() throws {
        do {
            let store = try store()
            while try store.archiveBundle(through: 512) {}
        }
        let queue = try DatabaseQueue(path: folder.path + "/log.sqlite")
        try queue.inDatabase { try $0.execute(sql: "DELETE FROM archived WHERE position = 300") }
        try queue.close()
        #expect(storeError { _ = try SQLiteStore(directory: folder.path) }?.position == 300)
    }
}
