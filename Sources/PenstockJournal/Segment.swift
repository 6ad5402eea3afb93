internal import Glibc

/// One segment file, mapped into memory for as long as the value lives.
///
/// Sendable without a check of the compiler's: every field is a constant, and the mapped memory has one writer, the
/// journal's, who publishes by release stores what any thread then reads by acquire loads.
final class Segment: @unchecked Sendable {
    let index: UInt64
    let path: String
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    private let descriptor: CInt

    /// What recovery found, for a segment of an earlier incarnation.
    let found: FoundSegment?

    /// Takes over `descriptor`, of a file with `byteCount` bytes allocated.
    init(index: UInt64, path: String, descriptor: CInt, byteCount: Int, found: FoundSegment?) throws(JournalError) {
        let protection = found == nil ? PROT_READ | PROT_WRITE : PROT_READ
        guard let memory = mmap(nil, byteCount, protection, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
            let error = JournalError.system("mmap", path)
            close(descriptor)
            throw error
        }
        self.index = index
        self.path = path
        self.descriptor = descriptor
        self.byteCount = byteCount
        self.found = found
        base = memory
    }

    deinit {
        munmap(base, byteCount)
        close(descriptor)
    }

    /// 0 until the segment is taken into use.
    var firstSequence: UInt64 {
        found?.firstSequence
            ?? (UnsafeRawPointer(base) + SegmentHeader.Mark.firstSequence.valueOffset).loadAcquiring64()
    }

    /// How far records may reach: an earlier incarnation's torn end is outside.
    var limit: Int { found?.endOffset ?? byteCount }

    /// Takes the segment into use: two stores, no system call.
    func activate(firstSequence: UInt64) {
        let mark = SegmentHeader.Mark.firstSequence
        base.storeBytes(of: mark.check(firstSequence, segment: index), toByteOffset: mark.rawValue, as: UInt64.self)
        (base + mark.valueOffset).storeReleasing64(firstSequence)
    }

    /// Makes the header durable, so that power loss cannot make a segment in use look unused.
    func syncHeader() throws(JournalError) {
        guard msync(base, SegmentHeader.byteCount, MS_SYNC) == 0 else { throw .system("msync", path) }
    }

    /// Makes every record durable, and then says so in the header. The order matters: the mark is a promise.
    func seal(lastSequence: UInt64) throws(JournalError) {
        guard msync(base, byteCount, MS_SYNC) == 0 else { throw .system("msync", path) }
        try FileSystem.sync(descriptor, path)
        let mark = SegmentHeader.Mark.sealedEnd
        let words = [mark.check(lastSequence + 1, segment: index), lastSequence + 1]
        let count = words.count * MemoryLayout<UInt64>.size
        guard pwrite(descriptor, words, count, off_t(mark.rawValue)) == count else { throw .system("write", path) }
        try FileSystem.sync(descriptor, path)
    }

    /// Visits the record at `offset` if one is published there; returns the next record's offset, or nil. A number
    /// without a record, whose writer was killed, is visited without a byte.
    func visit(at offset: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Int? {
        guard offset + Record.headerBytes <= limit else { return nil }
        let record = UnsafeRawPointer(base) + offset
        var length = Int(record.loadAcquiring32())
        if length == 0, found?.withoutLength.contains(offset) == true {
            length = Int(record.load(fromByteOffset: 4, as: UInt32.self))
        }
        guard length > 0 else {
            guard found?.holes.contains(offset) == true else { return nil }
            body(UnsafeRawBufferPointer(start: nil, count: 0))
            return offset + Record.size(Int(record.load(fromByteOffset: 4, as: UInt32.self)))
        }
        body(UnsafeRawBufferPointer(start: record + Record.headerBytes, count: length))
        return offset + Record.size(length)
    }
}
