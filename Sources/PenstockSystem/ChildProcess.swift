internal import Glibc

/// A process that this one started: in a group of its own, and reaped by `wait` alone.
///
/// Foundation's `Process` polls for the exit every 50 ms, and neither it nor swift-subprocess ends what is left of the
/// group before the number of the process is free for others.
package struct ChildProcess: Sendable {
    /// What one of its standard descriptors is.
    package enum Stream: Sendable {
        /// A pipe, whose other end is ours to close.
        case pipe
        /// The same as this process has.
        case inherited
        case null
    }

    package let pid: Int32
    /// Our end of its standard input, and of its standard output; -1 where that is no pipe.
    package let input: Int32
    package let output: Int32

    /// The command is looked up in PATH. Only the three standard descriptors are inherited.
    ///
    /// - Parameter environment: nil for that of this process.
    package static func spawn(
        _ command: [String], environment: [String: String]? = nil, input: Stream = .pipe, output: Stream = .pipe,
        errors: Stream = .inherited
    ) throws(SpawnError) -> ChildProcess {
        guard !command.isEmpty else { throw .noCommand }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let inputPipe = try open(input, as: 0, of: &actions)
        var outputPipe: PipeEnds?
        do {
            outputPipe = try open(output, as: 1, of: &actions)
            _ = try open(errors, as: 2, of: &actions)
        } catch {
            inputPipe?.close()
            outputPipe?.close()
            throw error
        }
        _ = closeRest?(&actions, 3)
        do {
            let pid = try start(command, environment, &actions)
            if let inputPipe { Glibc.close(inputPipe.read) }
            if let outputPipe { Glibc.close(outputPipe.write) }
            return ChildProcess(pid: pid, input: inputPipe?.write ?? -1, output: outputPipe?.read ?? -1)
        } catch {
            inputPipe?.close()
            outputPipe?.close()
            throw error
        }
    }

    private static func start(
        _ command: [String], _ environment: [String: String]?, _ actions: inout posix_spawn_file_actions_t
    ) throws(SpawnError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)

        let arguments = command.map { strdup($0) } + [nil]
        let variables = (environment ?? [:]).sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let failure =
            environment == nil
            ? posix_spawnp(&pid, command[0], &actions, &attributes, arguments, environ)
            : posix_spawnp(&pid, command[0], &actions, &attributes, arguments, variables)
        guard failure == 0 else { throw .cannotStart(command[0], failure) }
        return pid
    }

    private static func open(
        _ stream: Stream, as descriptor: Int32, of actions: inout posix_spawn_file_actions_t
    ) throws(SpawnError) -> PipeEnds? {
        switch stream {
        case .inherited: return nil
        case .null:
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
            return nil
        case .pipe:
            guard let pipe = PipeEnds() else { throw .noPipe(errno) }
            posix_spawn_file_actions_adddup2(&actions, descriptor == 0 ? pipe.read : pipe.write, descriptor)
            return pipe
        }
    }

    /// `posix_spawn_file_actions_addclosefrom_np` (glibc 2.34), which is not declared without _GNU_SOURCE.
    /// Where it is missing, close-on-exec has to do.
    private static var closeRest: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32)? {
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return nil }
        return unsafeBitCast(
            symbol, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    }

    /// Sends a signal to all of its group.
    package func signal(_ number: Int32) { kill(-pid, number) }

    /// Blocks until the process has exited, ends whatever is left of its group, and only then reaps it: until then
    /// its number belongs to nobody else. To be called once.
    ///
    /// - Returns: its exit status, or 128 and the signal that ended it.
    @discardableResult
    package func wait() -> Int32 {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        signal(SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
