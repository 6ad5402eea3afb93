internal import Glibc

/// A file that is read whole, and by what a change of it shows.
package enum SmallFile {
    /// Whoever replaces a file by a rename gives it another inode.
    package struct Stamp: Hashable, Sendable {
        package var inode: UInt64
        package var size: Int64
        package var seconds: Int
        package var nanoseconds: Int
    }

    /// Nil where there is none.
    package static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    /// - Throws: where it cannot be read, or is longer than so many bytes.
    package static func read(_ path: String, atMost most: Int) throws(FolderError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot read \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= most {
            let start = bytes.count
            let chunk = [UInt8](unsafeUninitializedCapacity: min(65_536, most + 1 - start)) { buffer, count in
                count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
            }
            guard !chunk.isEmpty else { return bytes }
            bytes += chunk
        }
        throw .system("\(path) is longer than \(most) bytes", errno: EFBIG)
    }
}
