internal import Glibc

/// The two ends of a pipe, which no other program inherits.
package struct PipeEnds: Sendable {
    package let read: Int32
    package let write: Int32

    /// nil when the system has none to give; `errno` says why.
    package init?() {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (read, write) = (ends[0], ends[1])
    }

    package func close() {
        Glibc.close(read)
        Glibc.close(write)
    }
}
