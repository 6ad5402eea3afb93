internal import Glibc

/// Reads one segment file. The whole file is read first, so that a bad sector is an error here and not a SIGBUS later.
struct SegmentScan {
    let path: String
    let bytes: UnsafeRawBufferPointer
    private let base: UnsafeRawPointer

    static func read(
        _ descriptor: CInt, path: String, index: UInt64, bootID: [UInt8], folder: SegmentHeader.Folder
    ) throws(JournalError) -> FoundSegment {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("stat", path) }
        let size = Int(status.st_size)
        guard size >= SegmentHeader.byteCount else {
            throw .corrupt(path: path, offset: size, what: "the file is cut short")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        guard try FileSystem.read(descriptor, into: buffer, path) == size, let base = buffer.baseAddress else {
            throw .corrupt(path: path, offset: size, what: "the file shrinks while it is read")
        }
        let scan = SegmentScan(path: path, bytes: UnsafeRawBufferPointer(buffer), base: UnsafeRawPointer(base))
        return try scan.scan(index: index, bootID: bootID, folder, status)
    }

    private func scan(index: UInt64, bootID: [UInt8], _ folder: SegmentHeader.Folder, _ status: stat)
        throws(JournalError) -> FoundSegment
    {
        let header = try SegmentHeader(page: base, path: path)
        guard header.segmentBytes == bytes.count else {
            throw corrupt(min(header.segmentBytes, bytes.count), "the file has not the size it was made with")
        }
        guard header.index == index else { throw corrupt(16, "the file's name is not that of segment \(header.index)") }

        let sameBoot = header.bootID == bootID
        let sameInode = header.inode == UInt64(status.st_ino)
        let sealedEnd = try mark(.sealedEnd, index, strict: sameBoot)
        // A device may be numbered anew at each boot, so of a sealed file only the inode has to be the same.
        // A file with a second name, or one that was made in another folder, may have been another process's.
        let isAlone = status.st_nlink == 1
        let provable =
            sealedEnd != nil
            ? isAlone && sameInode && (header.folder == nil || header.folder?.inode == folder.inode)
            : isAlone && sameBoot && sameInode && header.device == UInt64(status.st_dev) && header.folder == folder
        var found = FoundSegment(
            header: header, isWhole: sameBoot || sealedEnd != nil, isSealed: sealedEnd != nil, proven: provable)
        found.firstSequence = try mark(.firstSequence, index, strict: found.isWhole)
        try scanRecords(&found)
        if let sealedEnd, sealedEnd == found.nextBehindBegun { found.takeBegun() }
        if let sealedEnd, sealedEnd != found.lastSequence + 1 {
            throw corrupt(
                found.endOffset, "the segment was sealed at record \(sealedEnd - 1), but ends at \(found.lastSequence)")
        }
        return found
    }

    /// A number written after the header, or nil when it was not. When it does not match its check: damage, or power loss.
    private func mark(_ mark: SegmentHeader.Mark, _ index: UInt64, strict: Bool) throws(JournalError) -> UInt64? {
        let value = base.load(fromByteOffset: mark.valueOffset, as: UInt64.self)
        guard value != 0 else { return nil }
        if base.load(fromByteOffset: mark.rawValue, as: UInt64.self) == mark.check(value, segment: index) {
            return value
        }
        if strict { throw corrupt(mark.rawValue, "a mark in the header does not match its check") }
        return nil
    }

    private func scanRecords(_ found: inout FoundSegment) throws(JournalError) {
        var next = found.firstSequence ?? 1
        var offset = SegmentHeader.byteCount
        var isTorn = false
        found.lastSequence = next - 1
        while found.firstSequence != nil, offset + Record.headerBytes <= bytes.count {
            var length = Int(base.load(fromByteOffset: offset, as: UInt32.self))
            if length == 0 {
                // A killed writer's; others may have finished theirs behind it.
                let reserved = Int(base.load(fromByteOffset: offset + 4, as: UInt32.self))
                guard reserved > 0, found.begun.count < HighWaterMark.lanes else { break }
                guard reserved <= JournalOptions.maxRecordBytes, offset + Record.size(reserved) <= bytes.count else {
                    if found.isWhole { throw corrupt(found.endOffset, "a record was begun that has no room") }
                    break
                }
                guard isRecord(at: offset, length: reserved, sequence: next, segment: found.header.index) else {
                    found.begun.append((offset, reserved))
                    next += 1
                    offset += Record.size(reserved)
                    continue
                }
                // It is all there: killed before the last store, or damaged there. What it tells is true in any case.
                length = reserved
                found.withoutLength.insert(offset)
            }
            guard isRecord(at: offset, length: length, sequence: next, segment: found.header.index) else {
                if found.isWhole { throw corrupt(offset, "record \(next) does not match its checksum") }
                isTorn = true
                break
            }
            next += 1
            offset += Record.size(length)
            found.takeBegun()
            (found.lastSequence, found.endOffset) = (next - 1, offset)
        }
        if found.isWhole, !isTorn { try requireNothing(behind: found) }
    }

    private func isRecord(at offset: Int, length: Int, sequence: UInt64, segment: UInt64) -> Bool {
        guard length <= JournalOptions.maxRecordBytes, offset + Record.size(length) <= bytes.count else { return false }
        let sum = Record.checksum(
            base + offset + Record.headerBytes, byteCount: length, sequence: sequence, segment: segment)
        return base.load(fromByteOffset: offset + 8, as: UInt64.self) == sum
    }

    /// Behind the last record there are at most those that killed writers began, one of each lane, and then nothing.
    private func requireNothing(behind found: FoundSegment) throws(JournalError) {
        var offset = found.begun.last.map { $0.offset + Record.size($0.byteCount) } ?? found.endOffset
        while offset < bytes.count {
            if base.load(fromByteOffset: offset, as: UInt64.self) != 0 {
                throw corrupt(found.endOffset, "something follows where the records end, at byte \(offset)")
            }
            offset += 8
        }
    }

    private func corrupt(_ offset: Int, _ what: String) -> JournalError {
        .corrupt(path: path, offset: offset, what: what)
    }
}
