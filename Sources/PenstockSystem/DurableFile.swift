internal import Glibc

/// A file that is there whole, and lasts, or is not there.
package enum DurableFile {
    /// Writes `bytes` to `partial`, in the same folder, syncs it and renames it to `path` (rename(2) replaces what is
    /// there). Where that fails, `partial` is gone and `path` is as it was.
    package static func write(_ bytes: [UInt8], to path: String, by partial: String) throws(FolderError) {
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot create \(partial)") }
        var cause = write(bytes, to: descriptor)
        if cause == 0, fsync(descriptor) != 0 { cause = errno }
        close(descriptor)
        if cause == 0, rename(partial, path) != 0 { cause = errno }
        guard cause == 0 else {
            unlink(partial)
            throw .system("cannot write \(path)", errno: cause)
        }
        try syncFolder(of: path)
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            done += count
        }
        return 0
    }

    /// So that the new name lasts, too.
    package static func syncFolder(of path: String) throws(FolderError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("cannot sync \(folder)") }
    }
}
