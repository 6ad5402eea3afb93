internal import Synchronization

/// A write-ahead journal of decisions in preallocated, memory-mapped segment files: what was appended outlives the
/// process, however it ends, because it lies in the kernel's pages of the file. Power loss may take what was not
/// synced, which recovery tells apart (`SegmentSummary.proven`).
///
/// Laws:
/// - a record has the number before it plus one, over segments and restarts (after power loss, behind the last record
///   still readable). A number whose writer was killed before its record was whole has none: it was never answered;
/// - a number is returned only for a record that a SIGKILL the moment after cannot lose;
/// - what cannot be recorded is nil, at once, and never a signal or a wait.
///
/// Threads: each lane has one writer at a time. Writers of several lanes append side by side: place and number are
/// taken under a lock for some nanoseconds, and each record becomes valid by its own header. `seal` runs while nobody
/// appends. Everything else may be called from any thread meanwhile. The caller holds the folder's lock: one journal,
/// one process.
///
/// Sendable without a check of the compiler's: what is written has been reserved for one writer, and `isSealed` is the
/// caller of `seal`'s.
package final class Journal: @unchecked Sendable {
    let pool: SegmentPool

    /// What earlier starts left, as found when this journal was opened. Constant.
    package let previous: [SegmentSummary]

    private let place: JournalPlace
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
        let (recovery, segments) = try Self.open(
            directory, bootID: bootID, mark: HighWaterMark.read(of: folder, in: options.markFolder))
        previous = recovery.previous
        firstOwn = recovery.nextSequence
        place = JournalPlace(next: firstOwn)
        segmentBytes = options.segmentBytes
        place.show(offset: segmentBytes)
        maxBytes = options.segmentBytes * options.maxSegments
        mark = HighWaterMark(of: folder, in: options.markFolder, bootID: bootID, incarnation: incarnation)
        pool = SegmentPool(
            directory: directory, options: options, bootID: bootID, incarnation: incarnation, previous: segments)
        do throws(JournalError) {
            try pool.prepare()
        } catch .full {
        }
        if place.withLock({ takeSegment(&$0) }) { try pool.syncNewestHeader() }
    }

    /// The number that the next record gets.
    package var nextSequence: UInt64 { place.withLock { $0.next } }

    /// What is taken of `boundBytes`: whole segments before the newest, and what is written of that one.
    @inline(__always)
    package var usedBytes: Int { max(0, pool.usedCount - 1) * segmentBytes + place.shownOffset }

    /// What the folder's segments may come to.
    @inline(__always)
    package var boundBytes: Int { maxBytes }

    /// Whether a record of any size can be appended now.
    package var hasRoom: Bool {
        place.withLock { $0.offset + Record.size(JournalOptions.maxRecordBytes) <= $0.end } || pool.hasReady
    }

    /// Whether anything was appended since it was opened.
    package var hasOwnRecords: Bool { nextSequence != firstOwn }

    /// Appends a record with a body of `byteCount` bytes (1 to `JournalOptions.maxRecordBytes`), which `fill` encodes
    /// in place: it gets exactly that many bytes, of unspecified content, and must write them all, and not use the
    /// journal.
    ///
    /// Returns the record's number, or nil when it cannot be recorded (no segment is ready, the body is too large or
    /// empty, the journal is sealed): then the caller denies. No system call, no allocation.
    ///
    /// - Parameters:
    ///   - lane: the writer's.
    ///   - standsForOthers: the records before it may be released once it is written, so it may use the end of a
    ///     segment that is kept for this: else a full journal could never be emptied.
    package func append(
        byteCount: Int, lane: Int = 0, standsForOthers: Bool = false, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> UInt64? {
        guard byteCount > 0, byteCount <= JournalOptions.maxRecordBytes else { return nil }
        guard let (record, sequence, index) = reserve(byteCount, standsForOthers) else { return nil }
        // The compiler must not move the body before that.
        atomicMemoryFence(ordering: .releasing)
        let body = record + Record.headerBytes
        body.storeBytes(of: 0, toByteOffset: Record.padded(byteCount) &- 8, as: UInt64.self)
        fill(UnsafeMutableRawBufferPointer(start: body, count: byteCount))
        let sum = Record.checksum(body, byteCount: byteCount, sequence: sequence, segment: index)
        record.storeBytes(of: sum, toByteOffset: 8, as: UInt64.self)
        record.storeReleasing32(UInt32(truncatingIfNeeded: byteCount))
        mark?.note(next: sequence &+ 1, lane: lane)
        return sequence
    }

    /// A place and a number for a record. How far it reaches is written before anybody has the place behind it:
    /// recovery finds what follows a record that was never finished.
    @inline(__always)
    private func reserve(_ byteCount: Int, _ standsForOthers: Bool)
        -> (record: UnsafeMutableRawPointer, sequence: UInt64, segment: UInt64)?
    {
        let size = Record.size(byteCount)
        return place.withLock { place in
            if place.offset &+ size > (standsForOthers ? place.limit : place.end) {
                guard takeSegment(&place), place.offset &+ size <= place.end else { return nil }
            }
            guard let base = place.base else { return nil }
            let record = base + place.offset
            (record + 4).storeReleasing32(UInt32(truncatingIfNeeded: byteCount))
            place.offset &+= size
            self.place.show(offset: place.offset)
            defer { place.next &+= 1 }
            return (record, place.next, place.index)
        }
    }

    /// Appends a copy of `body`; otherwise as above.
    package func append(_ body: UnsafeRawBufferPointer) -> UInt64? {
        append(byteCount: body.count) { $0.copyMemory(from: body) }
    }

    /// A clean stop: makes everything durable and marks it as all there is. `append` returns nil from now on. Segments
    /// of earlier incarnations that are proven now, and not released yet, are marked too, so that they stay proven over
    /// a restart of the machine. On an error the journal is closed but what was not marked is not proven by it.
    package func seal() throws(JournalError) {
        guard !isSealed else { return }
        isSealed = true
        let segments = pool.close()
        let next = place.withLock { place in
            (place.end, place.limit) = (0, 0)
            return place.next
        }
        try Self.sealPredecessors(segments)
        for (number, segment) in segments.enumerated() where segment.found == nil {
            let isNewest = number == segments.count - 1
            try segment.seal(lastSequence: (isNewest ? next : segments[number + 1].firstSequence) - 1)
        }
        mark?.remove()
    }

    /// Makes what earlier incarnations left, and is proven, durable and marks it as all there is: the next start cannot
    /// tell it by the high-water mark, which is this incarnation's. For a background thread, once; until it has
    /// returned, a kill leaves them unproven.
    package func sealPredecessors() throws(JournalError) { try Self.sealPredecessors(pool.snapshot().segments) }

    private static func sealPredecessors(_ segments: [Segment]) throws(JournalError) {
        for segment in segments {
            guard let found = segment.found, found.proven, !found.isSealed else { continue }
            try segment.seal(lastSequence: found.lastSequence)
        }
    }

    private func takeSegment(_ place: inout JournalPlace.Next) -> Bool {
        guard let segment = pool.take(firstSequence: place.next) else { return false }
        if place.base == nil { mark?.begin(next: place.next) }
        // Stays mapped: the pool never lets go of its newest segment, nor of one with a record that is not whole.
        place.base = segment.base
        place.offset = SegmentHeader.byteCount
        place.limit = segment.byteCount
        place.end = place.limit - pool.options.reservedBytes
        place.index = segment.index
        self.place.show(offset: place.offset)
        return true
    }
}
