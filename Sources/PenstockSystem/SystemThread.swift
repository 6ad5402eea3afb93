internal import Glibc
package import PenstockCore
internal import Synchronization

/// A thread of our own, for work that blocks in C calls: it must not take a thread of the cooperative pool, and sockets
/// must not change threads as tasks do.
package final class SystemThread: Sendable {
    /// Its stack: buffers are on the heap, and the default of 8 MiB would be reserved for each.
    private static let stackBytes = 1 << 20

    package let name: String
    private let thread: Mutex<pthread_t?>

    /// Starts the thread, which goes on also when nobody keeps this value. What was written before is visible to
    /// `body`.
    ///
    /// - Parameter name: shown by `ps -L` and debuggers, which keep 15 bytes of it.
    /// - Throws: `no_thread` when the machine is out of threads.
    @discardableResult
    package init(name: String, body: @escaping @Sendable () -> Void) throws(SystemError) {
        self.name = name
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, Start.run, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw SystemError(
                .noThread, failure, "cannot start thread \(name); raise the limit of processes (ulimit -u)")
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

    /// Blocks the calling thread, which should be one of our own. A signal does not shorten it.
    package static func sleep(milliseconds: Int) { sleep(for: Nanoseconds(milliseconds) * .nanosecondsPerMillisecond) }

    /// As above.
    package static func sleep(for duration: Nanoseconds) {
        let (seconds, rest) = duration.quotientAndRemainder(dividingBy: .nanosecondsPerSecond)
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
        var left = timespec()
        while nanosleep(&time, &left) != 0 && errno == EINTR { time = left }
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
