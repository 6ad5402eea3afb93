internal import Glibc

extension Journal {
    /// Makes the next segments, so that appending finds one ready: for a background thread, whenever `wantsSegments`.
    ///
    /// Throws `.full` when there is no room. At `maxSegments` it makes none, and throws nothing: see `wantsSegments`.
    package func prepareSegments() throws(JournalError) {
        try pool.prepare()
    }

    /// Whether fewer segments are ready than should be and the folder may hold another one.
    package var wantsSegments: Bool { pool.wantsSegments }

    /// Deletes the segments whose records are all numbered `sequence` or lower: they are shipped and settled. The newest
    /// stays in any case. Throws `.io`; then what could not be deleted is still there, and still readable.
    package func release(through sequence: UInt64) throws(JournalError) {
        try pool.release(through: sequence)
    }

    /// Whether `release` would delete anything.
    package func canRelease(through sequence: UInt64) -> Bool { pool.canRelease(through: sequence) }

    /// Scans the folder, maps what is in use, and deletes what never was.
    static func open(
        _ directory: String, bootID: [UInt8], mark: HighWaterMark.Reading?
    ) throws(JournalError) -> (recovery: JournalRecovery, segments: [Segment]) {
        var scan = try FolderScan(directory: directory, bootID: bootID, mark: mark)
        let recovery = scan.recovery
        let unused = scan.unused
        var segments: [Segment] = []
        var failure: JournalError?
        for (path, descriptor, found) in scan.take() {
            guard failure == nil else {
                close(descriptor)
                continue
            }
            do throws(JournalError) {
                segments.append(
                    try Segment(
                        index: found.header.index, path: path, descriptor: descriptor,
                        byteCount: found.header.segmentBytes, found: found))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        for path in unused {
            guard unlink(path) == 0 else { throw .system("unlink", path) }
        }
        return (recovery, segments)
    }
}
