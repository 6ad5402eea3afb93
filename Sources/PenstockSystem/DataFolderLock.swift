internal import Glibc

/// Holds a data folder for one process, for as long as the value lives. Creates the folder (mode 0700) if need be.
///
/// `flock` on `DIR/lock` (flock(2)): the kernel lets go of it when the holder dies, however it dies, so there is no
/// stale lock to clear. A second opener is refused even within the same process. The holder's process id stands in the
/// file, for the message only.
package struct DataFolderLock: ~Copyable, Sendable {
    private let descriptor: CInt

    /// Throws `.locked`, naming the holder, or `.io`.
    package init(directory: String) throws(FolderError) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw .system("cannot create the data folder \(directory)")
        }
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let cause = errno
            let holder = Self.processID(descriptor)
            close(descriptor)
            guard cause == EWOULDBLOCK else { throw .system("cannot lock \(path)", errno: cause) }
            throw FolderError(
                code: .locked,
                message:
                    "\(directory) is in use by process \(holder ?? "?"); a data folder has one process: stop it first")
        }
        let text = Array("\(getpid())\n".utf8)
        // Only the message of a refused opener depends on it, so a full disk may keep it from being written.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    private static func processID(_ descriptor: CInt) -> String? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        let digits = buffer[..<count].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
}
