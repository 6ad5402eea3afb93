internal import Glibc
internal import PenstockCore

/// The system calls of the journal, each with its errno captured at once.
enum FileSystem {
    static func createFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("mkdir", path) }
    }

    /// The names of segment files in `directory` by index, ascending, and those of files half made.
    static func list(_ directory: String) throws(JournalError) -> (segments: [UInt64], leftovers: [String]) {
        guard let folder = opendir(directory) else { throw .system("opendir", directory) }
        defer { closedir(folder) }
        var segments: [UInt64] = []
        var leftovers: [String] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(Self.partialSuffix) {
                leftovers.append(name)
            } else if name.hasSuffix(Self.suffix), let index = UInt64(name.dropLast(Self.suffix.count)) {
                segments.append(index)
            }
            errno = 0
        }
        guard errno == 0 else { throw .system("readdir", directory) }
        return (segments.sorted(), leftovers)
    }

    static let suffix = ".journal"
    static let partialSuffix = ".journal-new"

    static func name(_ index: UInt64) -> String {
        let digits = String(index)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    static func sync(_ descriptor: CInt, _ path: String) throws(JournalError) {
        guard fsync(descriptor) == 0 else { throw .system("fsync", path) }
    }

    static func syncFolder(_ path: String) throws(JournalError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        try sync(descriptor, path)
    }

    static func folder(_ path: String) throws(JournalError) -> SegmentHeader.Folder {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("stat", path) }
        return .init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Holds a segment for this process until the descriptor is closed. The lock is the file's, not the path's (flock(2)): it
    /// is met by way of every link, symbolic link and mount.
    static func lock(_ descriptor: CInt, _ path: String) throws(JournalError) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .inUse(path: path) : .system("flock", path)
        }
    }

    /// Fills `buffer` from the start of the file; returns how many bytes there were.
    static func read(
        _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, _ path: String
    ) throws(JournalError) -> Int {
        var count = 0
        while count < buffer.count {
            let got = pread(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count, count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .system("read", path) }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// Which start of the kernel this is (random(4)): files written under the same id were never through a power loss.
    static func bootID() throws(JournalError) -> [UInt8] {
        let path = "/proc/sys/kernel/random/boot_id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
        defer { text.deallocate() }
        let count = try read(descriptor, into: text, path)
        let digits = String(decoding: text[..<count], as: UTF8.self).filter { $0.isHexDigit }
        guard let id = Hex.decode(digits), id.count == 16 else { throw .system("read", path, errno: EINVAL) }
        return id
    }
}
