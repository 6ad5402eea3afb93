internal import Foundation
internal import Glibc
internal import Testing

@testable internal import PenstockJournal

@Suite struct JournalRecoveryTests {
    let folder: JournalFolder

    init() throws {
        folder = try JournalFolder()
    }

    /// Opens, appends and lets go without sealing, which is what a SIGKILL leaves.
    private func leave(_ count: Int, incarnation: UInt8 = 1, boot: [UInt8] = JournalFolder.bootA) throws {
        let journal = try folder.open(incarnation, boot: boot)
        try journal.appendDue(count)
    }

    /// The offset of record `sequence` in segment 1.
    private func offset(of sequence: UInt64) -> Int {
        (1..<sequence).reduce(SegmentHeader.byteCount) { $0 + Record.size(body($1).count) }
    }

    /// Where opening finds the files corrupt: path and offset; nil when it does not.
    private func corruption(boot: [UInt8] = JournalFolder.bootA, in folder: JournalFolder? = nil) -> (String, Int)? {
        let error = journalError { () throws(JournalError) in _ = try (folder ?? self.folder).open(9, boot: boot) }
        guard case .corrupt(let path, let offset, _) = error else { return nil }
        return (path, offset)
    }

    @Test func absentFolderIsAnEmptyJournal() throws {
        #expect(
            try Journal.recover(directory: folder.path) == JournalRecovery(previous: [], nextSequence: 1, nextIndex: 1))
    }

    @Test func killedInTheSameBootIsProvenAndContinues() throws {
        try leave(700)
        let journal = try folder.open(2)
        #expect(journal.previous.count > 1)
        #expect(journal.previous.allSatisfy { $0.proven && $0.incarnation == [UInt8](repeating: 1, count: 16) })
        #expect(journal.previous[0].firstSequence == 1)
        #expect(journal.previous.last?.lastSequence == 700)
        #expect(journal.nextSequence == 701)
        try journal.appendDue(10)
        #expect(journal.all().map(\.sequence) == Array(1...710))
        #expect(journal.all().allSatisfy { $0.bytes == body($0.sequence) })

        var previous: [UInt64] = []
        journal.forEachPreviousRecord { incarnation, proven, sequence, bytes in
            #expect(incarnation[0] == 1 && proven && [UInt8](bytes) == body(sequence))
            previous.append(sequence)
        }
        #expect(previous == Array(1...700))
    }

    @Test func releasedPredecessorsAreGoneAndNumbersGoOn() throws {
        try leave(700)
        do {
            let journal = try folder.open(2)
            try journal.release(through: 700)
            journal.forEachPreviousRecord { _, _, _, _ in Issue.record("released") }
        }
        let journal = try folder.open(3)
        #expect(journal.previous.map(\.incarnation[0]) == [2])
        #expect(journal.previous[0].lastSequence == 700 && journal.previous[0].firstSequence == 701)
        #expect(journal.appendDue() == 701)
    }

    @Test func snapshotTakenMidAppendHasEveryRecordReturned() throws {
        let journal = try folder.open()
        for round in 1...5 {
            try journal.appendDue(111)
            let copy = try folder.copy()
            let reopened = try copy.open(2)
            #expect(reopened.all().map(\.sequence) == Array(1...UInt64(round * 111)))
            #expect(reopened.previous.allSatisfy { !$0.proven }, "a copied folder proves nothing")
        }
    }

    @Test(arguments: [4, 16, 100]) func tornRecordIsNotThere(written: Int) throws {
        try leave(3)
        // What a writer killed at some moment leaves: reserved, then body bytes, no length.
        let torn = [0, 0, 0, 0] + [200, 0, 0, 0] + [UInt8](repeating: 7, count: 100)
        folder.write(Array(torn[..<(4 + written)]), at: offset(of: 4), segment: 1)
        let journal = try folder.open(2)
        #expect(journal.all().map(\.sequence) == [1, 2, 3])
        #expect(journal.previous.map(\.proven) == [true])
        #expect(journal.appendDue() == 4)
    }

    @Test(arguments: [0, 4, 8, 16, 20]) func flippedByteIsCorruptWithPathAndOffset(byte: Int) throws {
        try leave(10)
        // The copy of the length is only looked at where records end.
        folder.flip(at: offset(of: 5) + byte, segment: 1)
        let found = corruption()
        if byte == 4 {
            #expect(found == nil)
        } else {
            #expect(try #require(found) == (folder.file(1), offset(of: 5)))
        }
    }

    @Test(arguments: [0, 8, 16, 33, 50, 64, 72, 80, 128, 136]) func flippedByteOfTheHeaderIsRefused(byte: Int) throws {
        try leave(10)
        folder.flip(at: byte, segment: 1)
        #expect(corruption()?.0 == folder.file(1))
    }

    @Test func truncatedFileIsCorrupt() throws {
        try leave(10)
        truncate(folder.file(1), 20_000)
        #expect(try #require(corruption()) == (folder.file(1), 20_000))
        truncate(folder.file(1), 100)
        #expect(try #require(corruption()) == (folder.file(1), 100))
    }

    @Test func missingSegmentIsCorrupt() throws {
        try leave(1500)
        unlink(folder.file(2))
        #expect(corruption()?.0 == folder.file(3))
    }

    @Test func sealedIsProvenUnderAnotherBoot() throws {
        do {
            let journal = try folder.open()
            try journal.appendDue(700)
            try journal.seal()
        }
        #expect(folder.files.count < 5, "the ready segments are gone")
        let journal = try folder.open(2, boot: JournalFolder.bootB)
        #expect(journal.previous.allSatisfy { $0.proven })
        #expect(journal.all().count == 700)
        #expect(try folder.copy().open(3, boot: JournalFolder.bootB).previous.contains { $0.proven } == false)
    }

    @Test func sealedAndDamagedIsCorruptUnderAnyBoot() throws {
        do {
            let journal = try folder.open()
            try journal.appendDue(10)
            try journal.seal()
        }
        let size = Record.size(body(10).count)
        folder.write([UInt8](repeating: 0, count: size), at: offset(of: 10), segment: 1)
        #expect(try #require(corruption(boot: JournalFolder.bootB)) == (folder.file(1), offset(of: 10)))
    }

    @Test func unsealedIsUnprovenUnderAnotherBoot() throws {
        try leave(700)
        let journal = try folder.open(2, boot: JournalFolder.bootB)
        #expect(journal.previous.allSatisfy { !$0.proven })
        #expect(journal.all().count == 700, "itemised as far as it can be")
    }

    /// Somebody else may write to a file that has a second name, and what is linked elsewhere was made elsewhere.
    @Test func linkedFilesProveNothing() throws {
        try leave(700)
        let elsewhere = try JournalFolder()
        try FileManager.default.createDirectory(atPath: elsewhere.path, withIntermediateDirectories: true)
        for name in folder.files { #expect(link("\(folder.path)/\(name)", "\(elsewhere.path)/\(name)") == 0) }
        #expect(try folder.open(2).previous.allSatisfy { !$0.proven })
        try FileManager.default.removeItem(atPath: folder.path)
        #expect(try elsewhere.open(2).previous.allSatisfy { !$0.proven })
    }

    @Test func renamedFolderIsProven() throws {
        try leave(5)
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.root + "/renamed")
        folder.path = folder.root + "/renamed"
        #expect(try folder.open(2).previous.allSatisfy { $0.proven })
    }

    @Test func secondProcessIsRefusedByWhateverPath() throws {
        let journal = try folder.open(1)
        try journal.appendDue(5)
        let elsewhere = try JournalFolder()
        try FileManager.default.createDirectory(atPath: elsewhere.path, withIntermediateDirectories: true)
        for name in folder.files { #expect(link("\(folder.path)/\(name)", "\(elsewhere.path)/\(name)") == 0) }
        let other = try JournalFolder()
        #expect(symlink(folder.path, other.path) == 0)
        for path in [folder, elsewhere, other] {
            let error = journalError { () throws(JournalError) in _ = try path.open(2) }
            guard case .inUse = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        try journal.appendDue(5)
    }

    /// A file of a version that did not name its folder: it proves what a clean stop sealed, and nothing else.
    @Test(arguments: [false, true]) func segmentOfVersionOneIsProvenIfSealed(isSealed: Bool) throws {
        do {
            let journal = try folder.open(1)
            try journal.appendDue(5)
            if isSealed { try journal.seal() }
        }
        let page = try Data(contentsOf: URL(fileURLWithPath: folder.file(1))).prefix(88)
        var words = page.withUnsafeBytes { Array($0.bindMemory(to: UInt64.self)) }
        words[1] = 1
        words[10] = words.withUnsafeBytes { Record.checksum($0.baseAddress!, byteCount: 80, sequence: 0, segment: 0) }
        folder.write(words.withUnsafeBytes { Array($0) } + [UInt8](repeating: 0, count: 24), at: 0, segment: 1)
        let journal = try folder.open(2)
        #expect(journal.previous.map(\.proven) == [isSealed] && journal.all().count == 5)
    }

    @Test func powerLossEndsTheReadablePart() throws {
        try leave(700)
        folder.flip(at: offset(of: 5) + 20, segment: 1)
        let journal = try folder.open(2, boot: JournalFolder.bootB)
        let sequences = journal.all().map(\.sequence)
        #expect(Array(sequences.prefix(5)) == [1, 2, 3, 4, journal.previous[1].firstSequence])
        #expect(sequences.last == 700)
        #expect(journal.previous.allSatisfy { !$0.proven })
        #expect(journal.nextSequence == 701)
        try journal.release(through: 4)
        #expect(journal.all().first?.sequence == sequences[4])
    }

    @Test func lostMarkOfUseIsUnproven() throws {
        try leave(1000)
        folder.write([UInt8](repeating: 0, count: 16), at: 128, segment: 2)
        #expect(corruption() != nil)
        let journal = try folder.open(2, boot: JournalFolder.bootB)
        try #require(journal.previous.count > 2)
        #expect(journal.previous.allSatisfy { !$0.proven })
        #expect(journal.previous[1].firstSequence == journal.previous[0].lastSequence + 1)
        #expect(journal.all().last?.sequence == 1000)
    }

    @Test func provenPredecessorStaysProvenAfterACleanStop() throws {
        try leave(5)
        do {
            let journal = try folder.open(2)
            try journal.appendDue(5)
            try journal.seal()
        }
        let journal = try folder.open(3, boot: JournalFolder.bootB)
        #expect(journal.previous.map(\.incarnation[0]) == [1, 2])
        #expect(journal.previous.map(\.proven) == [true, true])
    }

    @Test func olderFilePutBackInPlaceProvesNothing() throws {
        let older: [UInt8]
        do {
            let journal = try folder.open(1)
            try journal.appendDue(5)
            older = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(1))))
            try journal.appendDue(1)
        }
        folder.write(older, at: 0, segment: 1)
        let journal = try folder.open(2)
        #expect(journal.previous.map(\.lastSequence) == [5])
        #expect(journal.previous.map(\.proven) == [false])
    }

    @Test func journalWithoutItsMarkProvesNothingUnlessSealed() throws {
        try leave(5)
        let mark = HighWaterMark.path(of: try FileSystem.folder(folder.path), in: JournalOptions().markFolder)
        #expect(unlink(mark) == 0)
        do {
            let journal = try folder.open(2)
            #expect(journal.previous.map(\.proven) == [false])
            try journal.appendDue(5)
            try journal.seal()
        }
        #expect(access(mark, F_OK) != 0, "a sealed journal needs none")
        #expect(try folder.open(3).previous.map(\.proven) == [false, true])
    }

    @Test func unusedAndHalfMadeSegmentsAreDeleted() throws {
        try leave(1)
        folder.write([1, 2, 3], at: 0, segment: 2)
        #expect(corruption() != nil, "a name that exists has a valid header")
        unlink(folder.file(2))
        try Data([1]).write(to: URL(fileURLWithPath: "\(folder.path)/\(FileSystem.name(9)).journal-new"))
        #expect(folder.files.count == 2)
        let journal = try folder.open(2)
        #expect(journal.previous.map(\.index) == [1])
        #expect(folder.files.count == 3)
        #expect(try Journal.recover(directory: folder.path).previous.count == 2)
    }
}
