internal import Foundation
internal import Glibc
internal import Synchronization
internal import Testing

@testable internal import PenstockJournal

/// The number that the reading task reads next.
private final class Reader: Sendable {
    let due = Atomic<UInt64>(1)
}

@Suite struct JournalTests {
    let folder: JournalFolder

    init() throws {
        folder = try JournalFolder()
    }

    @Test func recordsAreNumberedWithoutGapsOverSegments() throws {
        let journal = try folder.open()
        for sequence in UInt64(1)...2000 {
            let number = journal.appendDue()
            if number == nil { try journal.prepareSegments() }
            #expect(try number ?? #require(journal.appendDue()) == sequence)
        }
        let all = journal.all()
        #expect(all.map(\.sequence) == Array(1...2000))
        #expect(all.allSatisfy { $0.bytes == body($0.sequence) })
        #expect(folder.files.count > 5)
    }

    @Test func readingGoesOnWhereItEnded() throws {
        let journal = try folder.open()
        try journal.appendDue(1000)
        var next: UInt64 = 1
        var seen: [UInt64] = []
        while next <= 1000 {
            var bytes = 0
            let following = journal.read(from: next, maxBytes: 2000) {
                seen.append($0)
                bytes += $1.count
            }
            #expect(bytes <= 2000 && following > next)
            next = following
        }
        #expect(seen == Array(1...1000))
        #expect(journal.read(from: 1001, maxBytes: 2000) { _, _ in Issue.record("nothing there") } == 1001)
        try journal.appendDue(1)
        #expect(journal.all(from: 1001).map(\.sequence) == [1001])
        #expect(journal.all(from: 500).map(\.sequence) == Array(500...1001), "back before the cursor")
        seen = []
        journal.read(from: 7, maxBytes: 0) { sequence, _ in seen.append(sequence) }
        #expect(seen == [7], "always one, so a reader gets on")
    }

    @Test func aFullJournalStillTakesWhatStandsForTheRest() throws {
        let journal = try folder.open(options: JournalOptions(segmentBytes: 64 << 10, maxSegments: 2))
        var last: UInt64 = 0
        while let sequence = journal.appendDue() { last = sequence }
        try journal.prepareSegments()
        while let sequence = journal.appendDue() { last = sequence }
        #expect(last > 100)
        let carried = journal.append(byteCount: 12 << 10, standsForOthers: true) {
            $0.initializeMemory(as: UInt8.self, repeating: 1)
        }
        #expect(carried == last + 1)
        #expect(journal.appendDue() == nil, "decisions stay refused")
        try journal.release(through: last)
        try journal.prepareSegments()
        #expect(journal.appendDue() != nil)
    }

    @Test func whatCannotBeRecordedIsNil() throws {
        let journal = try folder.open()
        #expect(journal.append(byteCount: 0) { _ in Issue.record("not to be filled") } == nil)
        let tooLarge = JournalOptions.maxRecordBytes + 1
        #expect(journal.append(byteCount: tooLarge) { _ in Issue.record("not to be filled") } == nil)
        #expect(journal.append(byteCount: tooLarge - 1) { $0.initializeMemory(as: UInt8.self, repeating: 5) } == 1)
        try journal.seal()
        #expect(journal.appendDue() == nil)
        #expect(journal.all().count == 1)
    }

    @Test func retentionIsABoundUntilRelease() throws {
        let journal = try folder.open(options: JournalOptions(segmentBytes: 64 << 10, maxSegments: 4))
        var last: UInt64 = 0
        while let sequence = journal.appendDue()
            ?? {
                try? journal.prepareSegments()
                return journal.appendDue()
            }()
        {
            last = sequence
        }
        #expect(folder.files.count == 4)
        #expect(journal.wantsSegments == false)
        #expect(journal.all().last?.sequence == last)

        try journal.release(through: last)
        #expect(folder.files.count == 1, "the newest stays")
        #expect(journal.wantsSegments)
        try journal.prepareSegments()
        #expect(journal.appendDue() == last + 1)
        let left = journal.all()
        #expect(left.last?.sequence == last + 1)
        #expect(left.map(\.sequence) == Array(left[0].sequence...(last + 1)))
    }

    @Test func aStartOnAFullJournalHasRoomOnceItIsReleased() throws {
        let options = JournalOptions(segmentBytes: 64 << 10, maxSegments: 4)
        var last: UInt64 = 0
        do {
            let journal = try folder.open(options: options)
            #expect(journal.hasRoom && !journal.hasOwnRecords)
            while let sequence = journal.appendDue()
                ?? {
                    try? journal.prepareSegments()
                    return journal.appendDue()
                }()
            {
                last = sequence
            }
            #expect(!journal.hasRoom && journal.hasOwnRecords)
        }
        let restarted = try folder.open(2, options: options)
        #expect(restarted.appendDue() == nil)
        #expect(!restarted.hasRoom && !restarted.hasOwnRecords)
        try restarted.release(through: last)
        try restarted.prepareSegments()
        #expect(restarted.hasRoom)
        #expect(restarted.appendDue() == last + 1)
        #expect(restarted.hasOwnRecords)
    }

    @Test func releaseKeepsASegmentThatReachesFurther() throws {
        let journal = try folder.open()
        try journal.appendDue(1000)
        let count = folder.files.count
        try journal.release(through: 1)
        #expect(folder.files.count == count)
        try journal.release(through: 999)
        let left = journal.all()
        #expect(left.last?.sequence == 1000)
        #expect(left[0].sequence > 1)
        try journal.release(through: 998)
        #expect(journal.all().count == left.count)
    }

    @Test func filesAreTheOwnersAlone() throws {
        _ = try folder.open()
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(1))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let directory = try FileManager.default.attributesOfItem(atPath: folder.path)
        #expect(directory[.posixPermissions] as? Int == 0o700)
    }

    @Test func fullDiskIsAnErrorAndNeverASignal() throws {
        mkdir(folder.path, 0o700)
        guard mount("none", folder.path, "tmpfs", 0, "size=4m") == 0 else {
            return print("not root: the full-disk test did not run")
        }
        defer { umount2(folder.path, CInt(MNT_DETACH)) }
        let options = JournalOptions(segmentBytes: 1 << 20, maxSegments: 64)
        var last: UInt64 = 0
        do {
            let journal = try folder.open(options: options)
            var error: JournalError?
            while error == nil {
                while let sequence = journal.appendDue() { last = sequence }
                error = journalError { () throws(JournalError) in try journal.prepareSegments() }
            }
            guard case .full = error else { return #expect(error == nil, "another error than .full") }
            #expect(journal.appendDue() == nil)
            #expect(journal.all().count == Int(last))
        }
        #expect(folder.files.allSatisfy { $0.hasSuffix(".journal") }, "nothing half made is left")

        // A start on the full disk shows what is there, and records again once it is released.
        let restarted = try folder.open(2, options: options)
        #expect(restarted.appendDue() == nil)
        #expect(restarted.all().count == Int(last))
        try restarted.release(through: last)
    }

    @Test func fullDiskRecordsAgainAfterRelease() throws {
        mkdir(folder.path, 0o700)
        guard mount("none", folder.path, "tmpfs", 0, "size=4m") == 0 else { return }
        defer { umount2(folder.path, CInt(MNT_DETACH)) }
        let journal = try folder.open(options: JournalOptions(segmentBytes: 1 << 20))
        while journalError({ () throws(JournalError) in try journal.prepareSegments() }) == nil {
            while journal.appendDue() != nil {}
        }
        while journal.appendDue() != nil {}
        let due = journal.nextSequence
        try journal.release(through: due - 1)
        _ = journalError { () throws(JournalError) in try journal.prepareSegments() }
        #expect(journal.appendDue() == due)
        #expect(journal.all().last?.bytes == body(due))
    }

    @Test func aMillionAppendsOverPreparedSegments() throws {
        let journal = try folder.open(options: JournalOptions(segmentBytes: 64 << 20, maxSegments: 8, readySegments: 4))
        let count: UInt64 = 1_000_000
        var recorded: UInt64 = 0
        let duration = SuspendingClock().measure {
            for value in 0..<count {
                let sequence = journal.append(byteCount: 200) { bytes in
                    for offset in stride(from: 0, to: 200, by: 8) {
                        bytes.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
                    }
                }
                if sequence != nil { recorded += 1 }
            }
        }
        print("\(count) appends of 200 bytes: \(duration / Int(count)) each, filling in included")
        #expect(recorded == count)
    }

    @Test func readerAndPreparerRunBesideTheWriter() async throws {
        let journal = try folder.open(options: JournalOptions(segmentBytes: 64 << 10, maxSegments: 64))
        let total: UInt64 = 20_000
        let reader = Reader()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while reader.due.load(ordering: .relaxed) <= total {
                    try? journal.prepareSegments()
                    await Task.yield()
                }
            }
            group.addTask {
                while reader.due.load(ordering: .relaxed) <= total {
                    var next = reader.due.load(ordering: .relaxed)
                    next = journal.read(from: next, maxBytes: 10_000) { sequence, bytes in
                        #expect([UInt8](bytes) == body(sequence))
                    }
                    try? journal.release(through: next - 1)
                    reader.due.store(next, ordering: .relaxed)
                    await Task.yield()
                }
            }
            group.addTask {
                while journal.nextSequence <= total {
                    if journal.appendDue() == nil { await Task.yield() }
                }
            }
        }
        #expect(journal.nextSequence == total + 1)
    }
}
