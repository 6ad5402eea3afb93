internal import Glibc

/// The file of a listening Unix socket: made ready beside its place, mode 0600, then moved there, so that nobody
/// else can connect at any moment and a running server is never replaced.
struct SocketFile: Sendable {
    static let suffix = ".new"

    var path: String
    var temporary: String { path + Self.suffix }

    /// Refuses a place where somebody answers, or that is no socket.
    func claim() throws(HTTPDoorError) {
        guard path.utf8.count <= HTTPLimits.socketPathBytes else { throw .pathTooLong(path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        guard !answers() else { throw .inUse(path) }
    }

    private func answers() -> Bool {
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return true }
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // ECONNREFUSED is what a socket file says that nobody listens on.
        return connected == 0 || (errno != ECONNREFUSED && errno != ENOENT)
    }

    /// Moves the bound socket to its place.
    ///
    /// - Returns: its inode, by which `remove` knows it again; nil when it could not be moved.
    func publish() -> UInt? {
        var status = stat()
        guard chmod(temporary, 0o600) == 0, lstat(temporary, &status) == 0, rename(temporary, path) == 0 else {
            return nil
        }
        return UInt(status.st_ino)
    }

    func remove(inode: UInt) {
        var status = stat()
        guard lstat(path, &status) == 0, UInt(status.st_ino) == inode else { return }
        unlink(path)
    }
}

extension HTTPLimits {
    /// `sun_path` of Linux (unix(7)), less the suffix under which a socket is made ready.
    package static let socketPathBytes = 107 - SocketFile.suffix.utf8.count
}
