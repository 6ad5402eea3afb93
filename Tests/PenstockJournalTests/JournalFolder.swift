internal import Foundation
internal import Glibc

@testable internal import PenstockJournal

/// A journal folder that goes with the value, with the tools to copy and to damage it.
final class JournalFolder {
    let root: String
    var path: String

    static let bootA = [UInt8](repeating: 0xA, count: 16)
    static let bootB = [UInt8](repeating: 0xB, count: 16)
    static let small = JournalOptions(segmentBytes: 64 << 10, maxSegments: 16)

    init() throws {
        root = NSTemporaryDirectory() + "/penstock-journal-\(UUID().uuidString)"
        path = root + "/journal"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
    }

    func open(
        _ incarnation: UInt8 = 1, boot: [UInt8] = bootA, options: JournalOptions = small
    ) throws(JournalError) -> Journal {
        let incarnation = [UInt8](repeating: incarnation, count: 16)
        // A child that another test has just started holds this process's files until it runs its own program.
        for _ in 0..<50 {
            do throws(JournalError) {
                return try Journal(directory: path, incarnation: incarnation, options: options, bootID: boot)
            } catch {
                guard case .inUse = error else { throw error }
                usleep(10_000)
            }
        }
        return try Journal(directory: path, incarnation: incarnation, options: options, bootID: boot)
    }

    /// A copy of the files as they are at this moment, with other inodes.
    func copy() throws -> JournalFolder {
        let copy = try JournalFolder()
        try FileManager.default.copyItem(atPath: path, toPath: copy.path)
        return copy
    }

    func file(_ index: UInt64) -> String { "\(path)/\(FileSystem.name(index)).journal" }

    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// Writes in place: the file keeps its inode.
    func write(_ bytes: [UInt8], at offset: Int, segment: UInt64) {
        let descriptor = Glibc.open(file(segment), O_RDWR)
        defer { close(descriptor) }
        precondition(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    }

    func flip(at offset: Int, segment: UInt64) {
        let descriptor = Glibc.open(file(segment), O_RDWR)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        precondition(pread(descriptor, &byte, 1, off_t(offset)) == 1)
        byte ^= 0xFF
        precondition(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
    }
}

/// The body that record `sequence` has in these tests: lengths differ, and so do the bytes.
func body(_ sequence: UInt64) -> [UInt8] {
    (0..<(1 + Int(sequence * 37 % 300))).map { UInt8(truncatingIfNeeded: UInt64($0) &+ sequence) }
}

extension Journal {
    /// Appends the body due; nil when it cannot be recorded.
    func appendDue() -> UInt64? {
        body(nextSequence).withUnsafeBytes { append($0) }
    }

    /// Appends `count` records, preparing segments as a background thread would.
    func appendDue(_ count: Int) throws {
        for _ in 0..<count where appendDue() == nil {
            try prepareSegments()
            precondition(appendDue() != nil)
        }
    }

    /// All that can be read from `sequence` on.
    func all(from sequence: UInt64 = 1) -> [(sequence: UInt64, bytes: [UInt8])] {
        var all: [(UInt64, [UInt8])] = []
        read(from: sequence, maxBytes: .max) { all.append(($0, [UInt8]($1))) }
        return all
    }
}

/// The error that `body` throws, or nil.
func journalError(_ body: () throws(JournalError) -> Void) -> JournalError? {
    do throws(JournalError) {
        try body()
        return nil
    } catch {
        return error
    }
}
