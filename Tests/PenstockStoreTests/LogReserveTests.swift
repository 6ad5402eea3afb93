internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockStore
internal import Testing

/// Room that is kept for restrictions on a file system of 48 MiB.
@Suite struct LogReserveTests {
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

    @Test func fullDiskTakesWhatRoomWasKeptFor() throws {
        try onSmallFileSystem { path in
            let store = try open(path)
            #expect(store.room == .everything)
            try append(200, 2_000, to: store)
            try fill(path)
            #expect(store.disk.freeBytes == 0)
            var taken = 0
            while store.room > .nothing {
                try append(20, 400, to: store)
                taken += 20
            }
            #expect(taken > 10_000, "some thousands of restrictions")
            // Down to its floor it has been used to no more than its bound, and every one is there.
            #expect(try store.head().position == UInt64(200 + taken))
            unlink(path + "/filler")
            try store.restock()
            #expect(store.room == .everything)
            #expect(storeError { try store.verify() } == nil)
        }
    }

    @Test func largestCommitsFitWhereRoomWasKept() throws {
        try onSmallFileSystem { path in
            let store = try open(path)
            while store.room == .everything, store.disk.freeBytes > 4 << 20 {
                try append(Limits.commitBytes / 16_000, 16_000, to: store)
            }
            try fill(path)
            // The write-ahead log may have up to a checkpoint's pages in it already.
            try append(Limits.commitBytes / StoreLimits.eventBytes, StoreLimits.eventBytes, to: store)
            #expect(store.room == .restrictions)
            try append(Limits.commitEvents, Limits.commitBytes / Limits.commitEvents - 100, to: store)
            #expect(store.room >= .restrictions)
        }
    }

    @Test func cleanStopAndKillKeepTheRoom() throws {
        try onSmallFileSystem { path in
            do {
                let store = try open(path)
                try append(500, 1_000, to: store)
                try fill(path)
                try store.close()
            }
            #expect(
                try header(path + "/data/log.sqlite-wal") == [UInt8](repeating: 0, count: 32),
                "its content is in the file")
            do {
                let store = try open(path)
                #expect(try store.head().position == 500)
                try append(1, 400, to: store)
                #expect(store.room >= .restrictions)
                // Let go of without a stop.
            }
            let store = try open(path)
            #expect(try store.head().position == 501)
            try append(1, 400, to: store)
            #expect(store.room >= .restrictions)
        }
    }

    @Test func decisionsLeaveATenthFree() throws {
        try onSmallFileSystem { path in
            let store = try open(path)
            var error: StoreError?
            var first: UInt64 = 1
            while error == nil, first < 1000 {
                error = storeError {
                    _ = try store.saveDecisionBatch(
                        DecisionBatchRow(
                            node: "n", incarnation: "i", firstSequence: first, count: 1, digest: id(first),
                            bytes: [UInt8](repeating: 1, count: 200_000)))
                }
                first += 1
            }
            #expect(error?.code == .full)
            #expect(store.disk.decisionsWait)
            #expect(store.disk.freeBytes > 2 << 20)
            #expect(store.room == .everything)
            try append(1, 400, to: store)
        }
    }

    @Test func nodeWithAllTheDecisionsLeavesOthersRoom() throws {
        try onSmallFileSystem { path in
            let store = try open(path)
            func save(_ node: String, _ first: UInt64) -> StoreError? {
                storeError {
                    _ = try store.saveDecisionBatch(
                        DecisionBatchRow(
                            node: node, incarnation: node, firstSequence: first, count: 1, digest: id(first),
                            bytes: [UInt8](repeating: 1, count: 100_000)))
                }
            }
            #expect(save("quiet", 1) == nil)
            #expect(save("loud", 1) == nil)
            // An answer that was lost is asked for again.
            for _ in 0..<1000 { #expect(save("quiet", 1) == nil) }
            var taken: UInt64 = 1
            while save("loud", taken + 1) == nil { taken += 1 }
            #expect(taken > 20)
            #expect(save("loud", taken + 1)?.message.contains("loud") == true)
            #expect(!store.disk.decisionsWait)
            var others: UInt64 = 1
            while save("quiet", others + 1) == nil { others += 1 }
            #expect(others > taken / 5, "\(others) after \(taken)")
        }
    }

    /// However much it has shipped before: that is not to be had back.
    @Test func historyTakesNoRoomFromANode() throws {
        try onSmallFileSystem { path in
            func save(_ node: String, _ first: UInt64, _ store: SQLiteStore) -> StoreError? {
                storeError {
                    _ = try store.saveDecisionBatch(
                        DecisionBatchRow(
                            node: node, incarnation: node, firstSequence: first, count: 1, digest: id(first),
                            bytes: [UInt8](repeating: 1, count: 100_000)))
                }
            }
            do {
                let store = try open(path)
                for first in 1...120 as ClosedRange<UInt64> { #expect(save("busy", first, store) == nil) }
                try store.close()
            }
            let store = try open(path)
            var taken: UInt64 = 0
            while save("hostile", taken + 1, store) == nil { taken += 1 }
            for first in 121...123 as ClosedRange<UInt64> { #expect(save("busy", first, store) == nil) }
        }
    }

    private func header(_ path: String) throws -> [UInt8] {
        let handle = try #require(FileHandle(forReadingAtPath: path))
        return [UInt8](try handle.read(upToCount: 32) ?? Data())
    }
}
