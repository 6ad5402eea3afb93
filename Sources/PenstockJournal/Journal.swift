internal import Synchronization

/// A write-ahead journal of decisions in preallocated, memory-mapped segment files: what was appended outlives the
/// process, however it ends, because it lies in the kernel's pages of the file. Power loss may take what was not synced,
/// which recovery tells apart (`SegmentSummary.proven`).
///
/// Laws:
/// - a record has the number before it plus one, over segments and restarts (after power loss, behind the last record
///   still readable);
/// - a number is returned only for a record that a SIGKILL the moment after cannot lose;
/// - what cannot be recorded is nil, at once, and never a signal or a wait.
///
/// Threads: `append` and `seal` are the writer's, one at a time under the caller's lock. Everything else may be called
/// from any thread meanwhile. The caller holds the folder's lock: one journal, one process.
///
/// Sendable without a check of the compiler's: the writer's fields are confined by the caller's lock, and all that other
/// threads touch is in `SegmentPool`.
package final class Journal: @unchecked Sendable {
    let pool: SegmentPool

    /// What earlier starts left, as found when this journal was opened. Constant.
    package let previous: [SegmentSummary]

    /// The writer's place in the segment it is filling; `end` 0 when there is none.
    private var base: UnsafeMutableRawPointer?
    private var offset = 0
    /// Where decisions end; what stands for others may go on to the segment's own end.
    private var end = 0
    private var limit = 0
    private var index: UInt64 = 0
    private var next: UInt64
    private let firstOwn: UInt64
    private var isSealed = false
    private let segmentBytes: Int
    private let maxBytes: Int
    /// Nil where the place for it cannot be written.
    private let mark: HighWaterMark?

    /// Opens the journal in `directory` (made with mode 0700 if need be), recovers what is there, and starts a new
    /// segment for `incarnation`, 16 bytes. Earlier incarnations' segments stay readable until they are released.
    ///
    /// Throws `.corrupt` with path and offset where the files contradict themselves. A full disk is no reason not to
    /// open: what is there can still be shipped and released; until then `append` returns nil.
    package convenience init(
        directory: String, incarnation: [UInt8], options: JournalOptions = JournalOptions()
    ) throws(JournalError) {
        try self.init(directory: directory, incarnation: incarnation, options: options, bootID: FileSystem.bootID())
    }

    /// With the boot id given, for tests of what another boot makes of the files.
    init(directory: String, incarnation: [UInt8], options: JournalOptions, bootID: [UInt8]) throws(JournalError) {
        precondition(incarnation.count == 16, "an incarnation is 16 bytes")
        try FileSystem.createFolder(directory)
        let folder = try FileSystem.folder(directory)
        let (recovery, segments) = try Self.open(directory, bootID: bootID, mark: HighWaterMark.read(of: folder, in: options.markFolder))
        previous = recovery.previous
        next = recovery.nextSequence
        firstOwn = next
        segmentBytes = options.segmentBytes
        maxBytes = options.segmentBytes * options.maxSegments
        mark = HighWaterMark(of: folder, in: options.markFolder, bootID: bootID, incarnation: incarnation)
        pool = SegmentPool(
            directory: directory, options: options, bootID: bootID, incarnation: incarnation, previous: segments)
        do throws(JournalError) {
            try pool.prepare()
        } catch .full {
        }
        if takeSegment() { try pool.syncNewestHeader() }
    }

    /// The number that the next record gets. The writer's.
    package var nextSequence: UInt64 { next }

    /// What is taken of `boundBytes`: whole segments before the newest, and what is written of that one. The writer's.
    @inline(__always)
    package var usedBytes: Int { max(0, pool.usedCount - 1) * segmentBytes + (base == nil ? segmentBytes : offset) }

    /// What the folder's segments may come to.
    @inline(__always)
    package var boundBytes: Int { maxBytes }

    /// Whether a record of any size can be appended now. The writer's.
    package var hasRoom: Bool { offset + Record.size(JournalOptions.maxRecordBytes) <= end || pool.hasReady }

    /// Whether anything was appended since it was opened. The writer's.
    package var hasOwnRecords: Bool { next != firstOwn }

    /// Appends a record with a body of `byteCount` bytes (1 to `JournalOptions.maxRecordBytes`), which `fill` encodes in
    /// place: it gets exactly that many bytes, of unspecified content, and must write them all, and not use the journal.
    ///
    /// Returns the record's number, or nil when it cannot be recorded (no segment is ready, the body is too large or
    /// empty, the journal is sealed): then the caller denies. No system call, no allocation.
    ///
    /// - Parameter standsForOthers: the records before it may be released once it is written, so it may use the end of a
    ///   segment that is kept for this: else a full journal could never be emptied.
    package func append(byteCount: Int, standsForOthers: Bool = false, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> UInt64? {
        guard byteCount > 0, byteCount <= JournalOptions.maxRecordBytes else { return nil }
        let size = Record.size(byteCount)
        if offset &+ size > (standsForOthers ? limit : end) {
            guard takeSegment(), offset &+ size <= end else { return nil }
        }
        guard let base else { return nil }
        let record = base + offset
        record.storeBytes(of: UInt32(truncatingIfNeeded: byteCount), toByteOffset: 4, as: UInt32.self)
        // The compiler must not move the body before that: recovery finds the extent of a torn record by it.
        atomicMemoryFence(ordering: .releasing)
        let body = record + Record.headerBytes
        body.storeBytes(of: 0, toByteOffset: Record.padded(byteCount) &- 8, as: UInt64.self)
        fill(UnsafeMutableRawBufferPointer(start: body, count: byteCount))
        let sequence = next
        let sum = Record.checksum(body, byteCount: byteCount, sequence: sequence, segment: index)
        record.storeBytes(of: sum, toByteOffset: 8, as: UInt64.self)
        record.storeReleasing32(UInt32(truncatingIfNeeded: byteCount))
        offset &+= size
        next = sequence &+ 1
        mark?.note(next: next)
        return sequence
    }

    /// Appends a copy of `body`; otherwise as above.
    package func append(_ body: UnsafeRawBufferPointer) -> UInt64? {
        append(byteCount: body.count) { $0.copyMemory(from: body) }
    }

    /// A clean stop: makes everything durable and marks it as all there is. `append` returns nil from now on. Segments of
    /// earlier incarnations that are proven now, and not released yet, are marked too, so that they stay proven over a
    /// restart of the machine. On an error the journal is closed but what was not marked is not proven by it.
    package func seal() throws(JournalError) {
        guard !isSealed else { return }
        isSealed = true
        let segments = pool.close()
        (end, limit) = (0, 0)
        try Self.sealPredecessors(segments)
        for (number, segment) in segments.enumerated() where segment.found == nil {
            let isNewest = number == segments.count - 1
            try segment.seal(lastSequence: (isNewest ? next : segments[number + 1].firstSequence) - 1)
        }
        mark?.remove()
    }

    /// Makes what earlier incarnations left, and is proven, durable and marks it as all there is: the next start cannot tell
    /// it by the high-water mark, which is this incarnation's. For a background thread, once; until it has returned, a kill
    /// leaves them unproven.
    package func sealPredecessors() throws(JournalError) { try Self.sealPredecessors(pool.snapshot().segments) }

    private static func sealPredecessors(_ segments: [Segment]) throws(JournalError) {
        for segment in segments {
            guard let found = segment.found, found.proven, !found.isSealed else { continue }
            try segment.seal(lastSequence: found.lastSequence)
        }
    }

    private func takeSegment() -> Bool {
        guard let segment = pool.take(firstSequence: next) else { return false }
        if base == nil { mark?.begin(next: next) }
        // Stays mapped: the pool never lets go of its newest segment.
        base = segment.base
        offset = SegmentHeader.byteCount
        limit = segment.byteCount
        end = limit - pool.options.reservedBytes
        index = segment.index
        return true
    }
}
