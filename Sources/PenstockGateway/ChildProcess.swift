internal import Glibc

/// The gated server: a process in a group of its own, with pipes for its input and output.
struct ChildProcess: Sendable {
    let pid: pid_t
    /// Our end of its standard input, and of its standard output.
    let input: Int32
    let output: Int32

    /// The command is looked up in PATH. Only the three standard descriptors are inherited; standard error is ours.
    static func spawn(_ command: [String], environment: [String: String]) throws(GatewayError) -> ChildProcess {
        guard !command.isEmpty else { throw .noCommand }
        guard let input = Descriptor.pipe(), let output = Descriptor.pipe() else { throw .system("pipe", errno) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        _ = closeRest?(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)

        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, command[0], &actions, &attributes, arguments, variables)
        close(input.read)
        close(output.write)
        guard failure == 0 else {
            close(input.write)
            close(output.read)
            throw .cannotStart(command[0], failure)
        }
        return ChildProcess(pid: pid, input: input.write, output: output.read)
    }

    /// `posix_spawn_file_actions_addclosefrom_np` (glibc 2.34), which is not declared without _GNU_SOURCE.
    /// Where it is missing, close-on-exec has to do.
    private static var closeRest: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32)? {
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    }

    func signal(_ number: Int32) { kill(-pid, number) }

    /// Blocks until the process has exited, ends whatever is left of its group, and only then reaps it: until then
    /// its number belongs to nobody else.
    ///
    /// - Returns: its exit status, or 128 and the signal that ended it.
    func wait() -> Int32 {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        signal(SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}

/// Descriptors as the gateway's threads use them: waiting for one ends when the gateway does.
enum Descriptor {
    static func pipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    enum Readiness {
        case ready
        case timedOut
        /// The gateway ends, which closes the other end of `stop`.
        case stopped
    }

    /// - Parameter milliseconds: -1 for any time.
    static func wait(_ descriptor: Int32, for events: Int32, stop: Int32, milliseconds: Int32 = -1) -> Readiness {
        var polled = [pollfd(fd: descriptor, events: Int16(events), revents: 0), pollfd(fd: stop, events: Int16(POLLIN), revents: 0)]
        while true {
            let count = poll(&polled, 2, milliseconds)
            if count == 0 { return .timedOut }
            if count > 0 { return polled[1].revents == 0 ? .ready : .stopped }
            guard errno == EINTR else { return .stopped }
        }
    }

    /// How much of a line is written next: what a pipe takes at once (PIPE_BUF, pipe(7)), so that no write blocks. What ends
    /// the message and the line leaves together, so that no whole message is ever left without its line feed.
    static func part(of bytes: Int) -> Int { bytes <= 4_096 ? bytes : min(4_096, bytes - 2) }

    /// - Returns: how many bytes left, which may be none for now; nil when the reader is gone.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR || errno == EAGAIN else { return nil }
        return max(0, count)
    }
}
