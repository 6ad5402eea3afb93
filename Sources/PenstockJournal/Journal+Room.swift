internal import Glibc

extension Journal {
    /// How far the journal may still grow, by its own bound and by the file system's.
    package struct Room: Sendable {
        package var usedBytes: Int
        package var limitBytes: Int
        package var freeDiskBytes: Int
        package var segmentBytes: Int

        /// Little enough that somebody should look before calls are denied as unrecordable: three quarters are in use, or
        /// the disk does not have the next two segments.
        package var isLow: Bool {
            usedBytes * 4 > limitBytes * 3
                || freeDiskBytes < min(2 * segmentBytes, limitBytes - usedBytes - 2 * segmentBytes)
        }
    }

    package var room: Room {
        var system = statvfs()
        let free = statvfs(pool.directory, &system) == 0 ? Int(system.f_bavail) * Int(system.f_frsize) : 0
        let segment = pool.options.segmentBytes
        return Room(
            usedBytes: pool.snapshot().segments.count * segment, limitBytes: pool.options.maxSegments * segment,
            freeDiskBytes: free, segmentBytes: segment)
    }
}
