/// The bounds of a journal. Named here, with their reasons, and nowhere else.
package struct JournalOptions: Sendable, Equatable {
    /// The size of each segment file in bytes, header included: a multiple of 4096, from 64 KiB to 1 GiB. 16 MiB hold
    /// some 70,000 decisions of 200 bytes, and are preallocated in a few milliseconds.
    package var segmentBytes: Int

    /// How many segments may lie in the folder, ready ones included. What is not yet shipped and released beyond that is
    /// refused, so that a ledger out of reach does not fill the disk. At least 2.
    package var maxSegments: Int

    /// How many segments are kept preallocated: one to go on with, and one for the time it takes to make another.
    package var readySegments: Int

    /// A folder in memory that outlives a process and not the machine, for the mark of how far the journal was written.
    package var markFolder: String

    package init(
        segmentBytes: Int = 16 << 20, maxSegments: Int = 64, readySegments: Int = 2, markFolder: String = "/dev/shm"
    ) {
        precondition(
            segmentBytes.isMultiple(of: SegmentHeader.byteCount) && (64 << 10...1 << 30).contains(segmentBytes),
            "a segment is a multiple of 4096 bytes, from 64 KiB to 1 GiB")
        precondition(maxSegments >= 2 && readySegments >= 1, "a journal needs two segments, one of them ready")
        self.segmentBytes = segmentBytes
        self.maxSegments = maxSegments
        self.readySegments = readySegments
        self.markFolder = markFolder
    }

    /// The largest record body in bytes: a decision with every field at its limit is far below, and a damaged length is
    /// found by it.
    package static let maxRecordBytes = 32 << 10

    /// What decisions leave free at the end of each segment, in bytes, for the records that stand for those before them:
    /// room for what 65,000 slices hold, or for as much as a small segment affords.
    var reservedBytes: Int { min(1 << 20, segmentBytes / 4) }
}
