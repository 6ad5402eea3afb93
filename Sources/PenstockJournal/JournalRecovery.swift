internal import Glibc

/// What an earlier start of the node left in one segment.
package struct SegmentSummary: Sendable, Equatable {
    package var index: UInt64
    /// 16 bytes, as given to the journal that wrote it.
    package var incarnation: [UInt8]
    /// Whether what this incarnation journalled is all there, in this and its other segments: then what it did not record
    /// did not happen. Otherwise (power loss, a folder that is copied or linked) nothing missing may be assumed unspent.
    package var proven: Bool
    package var firstSequence: UInt64
    /// `firstSequence - 1` when the segment has no records.
    package var lastSequence: UInt64
}

/// What is in a journal folder.
package struct JournalRecovery: Sendable, Equatable {
    /// In order of index and of sequence.
    package var previous: [SegmentSummary]
    /// The number that the next record gets.
    package var nextSequence: UInt64
    /// The index that the next segment gets.
    package var nextIndex: UInt64
}

extension Journal {
    /// Reads and classifies the segments in `directory`, changing nothing. An absent folder is an empty journal.
    package static func recover(directory: String) throws(JournalError) -> JournalRecovery {
        guard access(directory, F_OK) == 0 else { return JournalRecovery(previous: [], nextSequence: 1, nextIndex: 1) }
        let mark = HighWaterMark.read(of: try FileSystem.folder(directory), in: JournalOptions().markFolder)
        return try FolderScan(directory: directory, bootID: FileSystem.bootID(), mark: mark, holds: false).recovery
    }
}
