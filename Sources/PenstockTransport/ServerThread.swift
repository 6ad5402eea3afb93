internal import Dispatch
package import PenstockSystem
internal import Synchronization

/// The bound sockets of a node, on a thread of their own that always takes what has come.
///
/// No queue of libzmq's for a bound socket may ever be full. In libzmq 4.3.4 a connection whose queue is full stops
/// reading (`stream_engine_base_t::_input_stopped`); when its peer then goes, it is out of the poll set
/// (`_io_error`), and the next thing that makes it write ends the process (`zmq_assert (!_io_error)` in `out_event`):
/// a heartbeat timer, or a PING that any client may have put among the bytes that are read already, which
/// `restart_input` decodes as soon as there is room again. So these queues have no high-water mark, and what keeps them
/// short is that this thread does nothing but move messages into queues of ours, which are bounded by sender.
package final class ServerThread: Sendable {
    private struct Outgoing {
        let socket: Int
        let route: RoutingID?
        let payload: [UInt8]
    }

    private struct State {
        var outgoing: [Outgoing] = []
        var outgoingBytes = 0
        var commands: [@Sendable (Sockets) -> Void] = []
        var ending = false
        var failure: TransportError?
    }

    /// The thread's own.
    fileprivate final class Sockets: @unchecked Sendable {
        // Touched by the server's thread alone: commands run there.
        var sockets: [Socket] = []
        var servers: [ServerSocket] = []
        var swept = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let wake: WakeSignal
    private let receiver: WakeSignal
    private let thread = Mutex<SystemThread?>(nil)

    /// - Parameter receiver: signalled when there is something to receive.
    package init(name: String, receiver: WakeSignal) throws(SystemError) {
        wake = try WakeSignal()
        self.receiver = receiver
        let started = try SystemThread(name: name) { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Makes a socket. It takes no connections before `bind`.
    package func open(
        _ kind: SocketKind, security: SocketSecurity, traffic: SocketTraffic = .members,
        screen: @escaping Screen = { _ in .take }
    ) throws(TransportError) -> ServerSocket {
        try perform { [self] sockets throws(TransportError) in
            let socket = try Socket(kind, security: security, traffic: traffic)
            let server = ServerSocket(kind, at: sockets.sockets.count, of: self, screen: screen)
            sockets.sockets.append(socket)
            sockets.servers.append(server)
            return server
        }
    }

    /// What ended the thread by itself.
    package var failure: TransportError? { state.withLock { $0.failure } }

    /// Sends what is queued, closes every socket and ends the thread.
    package func close() {
        state.withLock { $0.ending = true }
        wake.signal()
        thread.withLock { $0?.join() }
    }

    func bind(_ index: Int, _ endpoint: String) throws(TransportError) -> String {
        try perform { sockets throws(TransportError) in try sockets.sockets[index].bind(endpoint) }
    }

    func cycle(_ index: Int, _ endpoint: String) throws(TransportError) {
        try perform { sockets throws(TransportError) in try sockets.sockets[index].cycle(endpoint: endpoint) }
    }

    func send(_ payload: [UInt8], to route: RoutingID?, on index: Int) -> SendOutcome {
        guard payload.count <= SocketLimits.messageBytes else { return .tooLarge }
        let first: Bool? = state.withLock { state in
            guard state.outgoingBytes + payload.count <= SocketLimits.outgoingBytes,
                state.outgoing.count < SocketLimits.outgoingMessages,
                !state.ending, state.failure == nil
            else { return nil }
            state.outgoing.append(Outgoing(socket: index, route: route, payload: payload))
            state.outgoingBytes += payload.count
            return state.outgoing.count == 1
        }
        guard let first else { return .full }
        if first { wake.signal() }
        return .sent
    }

    // MARK: The thread

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Sockets) throws(TransportError) -> Value
    ) throws(TransportError) -> Value {
        let (done, outcome) = (DispatchSemaphore(value: 0), Outcome<Value>())
        let isRunning = state.withLock { state in
            guard !state.ending, state.failure == nil else { return false }
            state.commands.append { sockets in
                outcome.value.withLock { value in
                    value = Result { () throws(TransportError) -> Value in try body(sockets) }
                }
                done.signal()
            }
            return true
        }
        guard isRunning else { throw TransportError(.closed, "the server's thread has ended") }
        wake.signal()
        done.wait()
        return try outcome.value.withLock { $0! }.get()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Result<Value, TransportError>?>(nil)
    }

    private func run() {
        let (poller, own) = (Poller(), Sockets())
        var more = false
        while true {
            do {
                let ready = try poller.wait(
                    own.sockets, wake: wake, timeoutMilliseconds: more ? 0 : SocketLimits.guardInterval)
                if ready.woken { wake.drain() }
                let ends = serve(own)
                more = try take(own)
                guardConnections(own)
                guard ends else { continue }
            } catch {
                state.withLock { $0.failure = error }
                receiver.signal()
            }
            _ = serve(own)
            for socket in own.sockets { socket.close() }
            return
        }
    }

    /// Does what was asked for, and sends. Returns whether that was the last of it.
    private func serve(_ own: Sockets) -> Bool {
        let (commands, outgoing, ends) = state.withLock { state in
            defer { (state.commands, state.outgoing, state.outgoingBytes) = ([], [], 0) }
            return (state.commands, state.outgoing, state.ending)
        }
        for message in outgoing where own.sockets[message.socket].send(message.payload, to: message.route) != .sent {
            own.servers[message.socket].countUnsent()
        }
        for command in commands { command(own) }
        return ends
    }

    private func guardConnections(_ own: Sockets) {
        let now = ContinuousClock.now
        guard now - own.swept >= .milliseconds(SocketLimits.guardInterval), !own.sockets.isEmpty else { return }
        own.swept = now
        let descriptors = ConnectionGuard.openDescriptors()
        for (socket, server) in zip(own.sockets, own.servers) {
            let count = socket.connections?.sweep(descriptors, at: Self.began.duration(to: now).components.seconds) ?? 0
            server.note(cut: count, ended: socket.connections?.ended ?? [])
        }
    }

    private static let began = ContinuousClock.now

    /// Returns whether there may be more.
    private func take(_ own: Sockets) throws(TransportError) -> Bool {
        var more = false
        for (socket, server) in zip(own.sockets, own.servers) {
            if socket.kind == .publisher {
                let taken = try socket.takeSubscriptions()
                more = more || taken.more
                server.countMalformed(taken.malformed)
                continue
            }
            for count in 1...SocketLimits.takenAtOnce {
                guard let inbound = try socket.receive() else { break }
                more = more || count == SocketLimits.takenAtOnce
                guard case .message(let message) = inbound else {
                    server.countMalformed()
                    continue
                }
                switch server.screen(message) {
                case .take: if server.put(message) { receiver.signal() }
                case .drop: break
                case .answer(let payload): if socket.send(payload, to: message.route) != .sent { server.countUnsent() }
                }
            }
        }
        return more
    }
}
