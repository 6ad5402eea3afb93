internal import Glibc

extension Segment {
    /// Linux 5.14 (madvise(2)); the C library's headers may be older.
    private static let populateWrite: CInt = 23

    /// Makes a segment file whose every block is allocated and whose every page is in memory, ready to be written to.
    ///
    /// posix_fallocate, never ftruncate alone: with a sparse file a full disk would be a SIGBUS at some append, and not
    /// an error here. The file gets its name once it is whole and synced, so a name that exists has a valid header.
    static func create(
        index: UInt64, in directory: String, options: JournalOptions, bootID: [UInt8], incarnation: [UInt8]
    ) throws(JournalError) -> Segment {
        let path = "\(directory)/\(FileSystem.name(index))\(FileSystem.suffix)"
        let partial = "\(directory)/\(FileSystem.name(index))\(FileSystem.partialSuffix)"
        unlink(partial)
        let descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("create", partial) }
        do throws(JournalError) {
            let segment = try fill(
                descriptor, index: index, path: path, folder: FileSystem.folder(directory), options: options,
                bootID: bootID, incarnation: incarnation)
            guard rename(partial, path) == 0 else { throw .system("rename", partial) }
            try FileSystem.syncFolder(directory)
            return segment
        } catch {
            unlink(partial)
            throw error
        }
    }

    private static func fill(
        _ descriptor: CInt, index: UInt64, path: String, folder: SegmentHeader.Folder, options: JournalOptions,
        bootID: [UInt8], incarnation: [UInt8]
    ) throws(JournalError) -> Segment {
        // Returns the error and leaves errno alone (posix_fallocate(3)).
        let result = posix_fallocate(descriptor, 0, off_t(options.segmentBytes))
        var status = stat()
        guard result == 0, fstat(descriptor, &status) == 0 else {
            let error = JournalError.system("fallocate", path, errno: result == 0 ? errno : result)
            close(descriptor)
            throw error
        }
        let header = SegmentHeader(
            index: index, segmentBytes: options.segmentBytes, bootID: bootID, incarnation: incarnation,
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), folder: folder)
        do throws(JournalError) {
            try FileSystem.lock(descriptor, path)
            try header.write(to: descriptor, path)
            try FileSystem.sync(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        // Mapped after the sync, never before: cleaning a mapped page interrupts every processor that runs this process,
        // once a page, and makes it read-only again.
        let segment = try Segment(
            index: index, path: path, descriptor: descriptor, byteCount: options.segmentBytes, found: nil)
        try segment.touch()
        return segment
    }

    /// Makes every page present and writable.
    private func touch() throws(JournalError) {
        if madvise(base, byteCount, Self.populateWrite) == 0 { return }
        let cause = errno
        guard cause == EINVAL else {
            // A page that cannot be had is an error here, where touching it would be a SIGBUS.
            throw .system("madvise", path, errno: cause == EFAULT ? ENOSPC : cause)
        }
        // An older kernel. The blocks are allocated, so touching the pages is safe; each keeps what it holds.
        for offset in stride(from: 0, to: byteCount, by: SegmentHeader.byteCount) {
            let byte = base.load(fromByteOffset: offset, as: UInt8.self)
            base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
    }
}
