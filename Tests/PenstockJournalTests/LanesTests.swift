internal import Foundation
internal import Synchronization
internal import Testing

@testable internal import PenstockJournal

/// Several writers at once.
@Suite struct LanesTests {
    private let folder: JournalFolder

    init() throws { folder = try JournalFolder() }

    private final class Taken: Sendable {
        let sequences = Mutex<[UInt64]>([])
    }

    @Test func recordsOfAllLanesAreNumberedWithoutGaps() async throws {
        let journal = try folder.open()
        let lanes = 4
        let each = 2000
        let taken = Taken()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while taken.sequences.withLock({ $0.count }) < lanes * each {
                    try? journal.prepareSegments()
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            for lane in 0..<lanes {
                group.addTask {
                    for number in 0..<each {
                        var sequence: UInt64?
                        while sequence == nil {
                            sequence = journal.append(byteCount: 24 + lane, lane: lane) { memory in
                                memory.storeBytes(of: UInt64(lane), as: UInt64.self)
                                memory.storeBytes(of: UInt64(number), toByteOffset: 8, as: UInt64.self)
                                for byte in 16..<memory.count { memory[byte] = 7 }
                            }
                            if sequence == nil { await Task.yield() }
                        }
                        taken.sequences.withLock { $0.append(sequence!) }
                    }
                }
            }
        }
        #expect(taken.sequences.withLock { $0.sorted() } == (1...UInt64(lanes * each)).map { $0 })
        var next = [UInt64](repeating: 0, count: lanes)
        var sequences: [UInt64] = []
        journal.read(from: 1, maxBytes: .max) { sequence, bytes in
            let lane = Int(bytes.loadUnaligned(as: UInt64.self))
            #expect(bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == next[lane] && bytes.count == 24 + lane)
            next[lane] += 1
            sequences.append(sequence)
        }
        #expect(sequences == (1...UInt64(lanes * each)).map { $0 })
    }

    /// A writer is killed before its last store, and others write on; or the length is damaged.
    @Test(arguments: [5, 10]) func aRecordThatLacksItsLengthAloneIsThere(number: Int) throws {
        do {
            let journal = try folder.open()
            try journal.appendDue(10)
        }
        let offset = (1..<UInt64(number)).reduce(SegmentHeader.byteCount) { $0 + Record.size(body($1).count) }
        folder.write([0, 0, 0, 0], at: offset, segment: 1)
        let journal = try folder.open(2)
        #expect(journal.all().map(\.sequence) == Array(1...10))
        #expect(journal.all().map(\.bytes) == (1...10).map { body(UInt64($0)) })
        #expect(journal.previous.map(\.proven) == [true])
        #expect(journal.appendDue() == 11)
    }

    /// What a kill leaves of a writer that was slower than others when its segment was full. Sealed, it is the same.
    @Test func aSegmentMayBeginBehindARecordThatWasNeverFinished() throws {
        do {
            let journal = try folder.open()
            try journal.appendDue(700)
        }
        let scan = try FolderScan(directory: folder.path, bootID: JournalFolder.bootA, mark: nil, holds: false)
        let last = scan.recovery.previous[0].lastSequence
        let offset = (1..<last).reduce(SegmentHeader.byteCount) { $0 + Record.size(body($1).count) }
        folder.write([0, 0, 0, 0], at: offset, segment: 1)
        folder.write([UInt8](repeating: 0, count: 8), at: offset + 8, segment: 1)
        for incarnation in UInt8(2)...4 {
            let journal = try folder.open(incarnation)
            #expect(journal.previous.allSatisfy(\.proven) && journal.previous[0].lastSequence == last)
            let all = journal.all()
            #expect(all.map(\.sequence) == Array(1...700))
            #expect(all.filter(\.bytes.isEmpty).map(\.sequence) == [last])
            try journal.seal()
        }
    }

    /// What a kill leaves of a writer that was slower than others: its number was never answered.
    @Test(arguments: [0, 100]) func aRecordThatWasNeverFinishedHasNoNumber(written: Int) throws {
        do {
            let journal = try folder.open()
            try journal.appendDue(3)
        }
        let end = SegmentHeader.byteCount + (1...3).reduce(0) { $0 + Record.size(body(UInt64($1)).count) }
        let reserved = [0, 0, 0, 0, 200, 0, 0, 0] + [UInt8](repeating: 9, count: written)
        folder.write(reserved, at: end, segment: 1)
        // The record behind it is whole.
        let fifth = body(5)
        var bytes = [UInt8](repeating: 0, count: Record.size(fifth.count))
        bytes.withUnsafeMutableBytes { memory in
            memory.storeBytes(of: UInt32(fifth.count), as: UInt32.self)
            memory.storeBytes(of: UInt32(fifth.count), toByteOffset: 4, as: UInt32.self)
            for (place, byte) in fifth.enumerated() { memory[Record.headerBytes + place] = byte }
            let sum = Record.checksum(
                UnsafeRawPointer(memory.baseAddress! + Record.headerBytes), byteCount: fifth.count, sequence: 5,
                segment: 1)
            memory.storeBytes(of: sum, toByteOffset: 8, as: UInt64.self)
        }
        folder.write(bytes, at: end + Record.size(200), segment: 1)
        let journal = try folder.open(2)
        #expect(journal.previous.map(\.proven) == [true] && journal.previous.map(\.lastSequence) == [5])
        #expect(journal.all().map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(journal.all()[3].bytes.isEmpty && journal.all()[4].bytes == fifth)
        var visited: [UInt64] = []
        journal.forEachPreviousRecord { _, _, sequence, _ in visited.append(sequence) }
        #expect(visited == [1, 2, 3, 5])
        #expect(journal.appendDue() == 6)
    }
}
