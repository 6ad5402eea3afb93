internal import Glibc

/// One process at a time changes what several may change in a folder: flock(2) on the folder itself, which leaves
/// nothing behind and ends with its holder.
package enum FolderLock {
    /// Waits until the folder is free.
    package static func hold<Result>(_ folder: String, _ body: () throws -> Result) throws -> Result {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw NodeError(.configuration, "cannot open the folder \(folder): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw NodeError(.configuration, "cannot lock the folder \(folder): \(String(cString: strerror(errno)))")
            }
        }
        return try body()
    }
}
