import CZeroMQ

/// The process's one ZeroMQ context: the I/O thread that every socket shares.
///
/// There is exactly one because in libzmq 4.3.4 several contexts that use CURVE in one process can crash when one of
/// them goes, and because the ZAP handler answers for a whole context. It is never terminated: `zmq_ctx_term` blocks
/// until every socket is closed, and a process that ends does not need it.
///
/// zmq(7): "A ØMQ context is thread safe and may be shared among as many application threads as necessary".
package final class Context: Sendable {
    package static let shared = Context()

    /// libzmq synchronises every use of a context itself.
    nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

    private init() {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        // 4.3.3 fixed CVE-2020-15166: before it, unauthenticated TCP clients could starve a CURVE server.
        precondition(
            (major, minor, patch) >= (4, 3, 3), "libzmq \(major).\(minor).\(patch) is too old: 4.3.3 is needed")
        precondition(zmq_has("curve") == 1, "this libzmq was built without CURVE")
        guard let pointer = zmq_ctx_new() else { preconditionFailure("zmq_ctx_new: the process is out of files") }
        // zmq_ctx_set(3): both options "only apply before creating any sockets on the context".
        zmq_ctx_set(pointer, ZMQ_IO_THREADS, SocketLimits.ioThreads)
        zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, SocketLimits.maximumSockets)
        self.pointer = pointer
    }
}
