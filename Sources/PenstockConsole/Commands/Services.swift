internal import Glibc
internal import PenstockEnforcer
internal import PenstockSystem
internal import ServiceLifecycle

/// Ends a process that was asked to stop and does not: whoever waits for it would kill it later. What is durable is so
/// already.
struct StopWatchdog: Service {
    let afterMS: Int

    init(afterMS: Int) { self.afterMS = afterMS }

    func run() async throws {
        try? await gracefulShutdown()
        Self.start(afterMS: afterMS)
    }

    /// Without a thread for it, there is no watchdog.
    static func start(afterMS: Int) {
        _ = try? SystemThread(name: "watchdog") {
            SystemThread.sleep(milliseconds: afterMS)
            let seconds = Double(afterMS) / 1000
            Output.message("penstock: not all has ended within \(seconds) s; this process ends without it")
            _exit(1)
        }
    }
}

/// An enforcer that was started, until the group stops it.
struct EnforcerService: Service {
    let enforcer: Enforcer

    init(_ enforcer: Enforcer) { self.enforcer = enforcer }

    func run() async throws {
        try? await gracefulShutdown()
        let enforcer = enforcer
        await withCheckedContinuation { continuation in
            let stop: @Sendable () -> Void = {
                enforcer.stop()
                continuation.resume()
            }
            if (try? SystemThread(name: "stop", body: stop)) == nil { stop() }
        }
    }
}

/// A server's connections are files, and the usual 1,024 are fewer than its own bounds.
enum OpenFiles {
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
