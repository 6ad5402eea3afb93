import Glibc

/// Wakes a thread that waits in `Poller.wait`.
///
/// Signals that come before the drain are one signal. It is a pipe whose both ends never block: a full pipe means that
/// a wake-up is pending already.
package final class WakeSignal: Sendable {
    /// Readable while a signal is pending.
    package let fileDescriptor: Int32
    private let writer: Int32

    /// - Throws: `system` when the process is out of files.
    package init() throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        try ZMQ.check("creating a pipe") { pipe(&ends) }
        (fileDescriptor, writer) = (ends[0], ends[1])
        for end in ends {
            try ZMQ.check("configuring a pipe") { fcntl(end, F_SETFL, O_NONBLOCK) }
            try ZMQ.check("configuring a pipe") { fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
    }

    deinit {
        close(fileDescriptor)
        close(writer)
    }

    /// May be called from any thread; never blocks.
    package func signal() {
        var byte: UInt8 = 1
        while ZMQ.call({ Int32(write(writer, &byte, 1)) }).errno == EINTR {}
    }

    /// Called by the woken thread, before it looks for what it was woken for.
    package func drain() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while true {
                let result = ZMQ.call { Int32(read(fileDescriptor, buffer.baseAddress, buffer.count)) }
                guard result.errno == EINTR || result.value == buffer.count else { return }
            }
        }
    }
}
