internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockStore
internal import Testing

/// Room that is proven rather than reckoned.
@Suite struct ProvenRoomTests {
    private func onSmallFileSystem(_ body: (String) throws -> Void) throws {
        let ran = try withSmallFileSystem(size: "48m", body)
        if !ran { print("not root: nothing was tested about a full disk") }
    }

    private func open(_ path: String) throws -> SQLiteStore {
        let store = try SQLiteStore(directory: path + "/data", options: .init(reservesRoom: true))
        let head = try store.head()
        _ = try store.openEpoch(head.epoch + 1, ifHead: head)
        return store
    }

    private func append(_ count: Int, _ byteCount: Int, to store: SQLiteStore) throws {
        let head = try store.head()
        let events = (1...count).map { event(head.position + UInt64($0), byteCount: byteCount) }
        let outcome = try store.append(events, ifHead: head.position, epoch: head.epoch)
        #expect(outcome == .appended(LogHead(position: head.position + UInt64(count), epoch: head.epoch)))
        try store.restock()
    }

    private func fill(_ path: String) throws {
        let file = Glibc.open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        defer { close(file) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(file, block, block.count) > 0 {}
    }

    /// A file system may not keep what it has promised.
    @Test func provenRoomIsThere() throws {
        try onSmallFileSystem { path in
            let store = try open(path)
            try append(200, 2_000, to: store)
            let head = try store.head()
            try fill(path)
            #expect(try store.proveRoom() >= .restrictions)

            let log = Glibc.open(path + "/data/log.sqlite", O_RDONLY)
            defer { close(log) }
            var status = stat()
            #expect(fstat(log, &status) == 0)
            let punch = try Process.run(
                URL(fileURLWithPath: "/usr/bin/fallocate"),
                arguments: [
                    "--punch-hole", "--offset", "\(status.st_size - (6 << 20))", "--length", "\(6 << 20)",
                    path + "/data/log.sqlite",
                ])
            punch.waitUntilExit()
            #expect(punch.terminationStatus == 0)
            try fill(path)
            let before = store.disk.reserveBytes
            _ = storeError { _ = try store.proveRoom() }
            #expect(store.disk.reserveBytes < before)
            #expect(fstat(log, &status) == 0 && status.st_blocks * 512 >= status.st_size)
            #expect(try store.head() == head)

            unlink(path + "/filler")
            #expect(try store.proveRoom() == .everything)
            try append(1, 400, to: store)
            #expect(storeError { try store.verify() } == nil)
        }
    }
}
