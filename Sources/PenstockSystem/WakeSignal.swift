internal import Glibc

/// Wakes a thread that waits for a file descriptor, among others (poll(2)).
///
/// Signals that come before the drain are one signal. It is a pipe whose both ends never block: a full pipe means that
/// a wake-up is pending already.
package final class WakeSignal: Sendable {
    /// Readable while a signal is pending.
    package var fileDescriptor: Int32 { ends.read }
    private let ends: PipeEnds

    /// - Throws: `no_pipe` when the process is out of files.
    package init() throws(SystemError) {
        guard let ends = PipeEnds() else {
            throw SystemError(.noPipe, errno, "cannot make a pipe; raise the limit of open files (ulimit -n)")
        }
        // Of a descriptor that is open, its flags can be set.
        for end in [ends.read, ends.write] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        self.ends = ends
    }

    deinit { ends.close() }

    /// May be called from any thread; never blocks.
    package func signal() {
        var byte: UInt8 = 1
        while write(ends.write, &byte, 1) < 0 && errno == EINTR {}
    }

    /// Called by the woken thread, before it looks for what it was woken for.
    package func drain() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while true {
                let count = read(ends.read, buffer.baseAddress, buffer.count)
                guard count == buffer.count || count < 0 && errno == EINTR else { return }
            }
        }
    }
}
