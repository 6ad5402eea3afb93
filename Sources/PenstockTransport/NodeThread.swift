import Glibc
import Synchronization

/// A thread of our own, for loops that block in C calls: these must not take a thread of the cooperative pool, and
/// sockets must not change threads as tasks do.
package final class NodeThread: Sendable {
    package let name: String
    private let thread: Mutex<pthread_t?>

    /// Starts the thread. What was written before is visible to `body`.
    ///
    /// - Parameter name: shown by `ps -L` and debuggers, which keep 15 bytes of it.
    /// - Throws: `system` when the machine is out of threads.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(TransportError) {
        self.name = name
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, SocketLimits.threadStackBytes)
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, Start.run, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw ZMQ.failure("starting thread \(name)", failure)
        }
        self.thread = Mutex(thread)
    }

    deinit {
        thread.withLock { if let thread = $0 { _ = pthread_detach(thread) } }
    }

    /// Waits until the body has returned. May be called again, from any thread but this one.
    package func join() {
        thread.withLock { thread in
            guard let running = thread else { return }
            precondition(pthread_equal(running, pthread_self()) == 0, "a thread cannot wait for itself")
            pthread_join(running, nil)
            thread = nil
        }
    }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        nameThread(start.name)
        start.body()
        return nil
    }

    /// By proc_pid_comm(5), as `pthread_setname_np` is not among the calls that Swift imports. A name is a comfort:
    /// failing to set it is harmless.
    private static func nameThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        _ = write(file, bytes, bytes.count)
        close(file)
    }
}
