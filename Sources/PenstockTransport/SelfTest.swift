import CZeroMQ
import Synchronization

/// Checks on a running node that its door is shut.
///
/// libzmq turns authentication off without a word when one option is missing, so the options being set is no proof.
/// This is: a stranger is refused.
package enum SelfTest {
    private static let count = Atomic<Int>(0)

    /// Connects to a bound endpoint with a random key and returns once that was refused by a verdict.
    ///
    /// May be called from any thread, also the socket's own: handshakes run on libzmq's I/O thread. Not for a domain
    /// that admits any key.
    ///
    /// - Parameters:
    ///   - kind: of the bound socket, `router` or `publisher`. libzmq refuses ill-matched kinds before it asks the
    ///     verdict, so the stranger must be the fitting other half.
    ///   - serverKey: the bound socket's public key, 32 bytes.
    /// - Throws: `selfTestFailed` if the stranger is let in, or nothing refuses it in time; errors of `connect`.
    package static func refusesStrangers(
        endpoint: String, kind: SocketKind, serverKey: [UInt8],
        timeoutMilliseconds: Int = SocketLimits.selfTestTimeout
    ) throws(TransportError) {
        precondition(kind == .router || kind == .publisher, "only sockets that are bound have a door")
        let stranger = try Socket(
            kind == .router ? .dealer : .subscriber,
            security: .client(keys: .generate(), serverKey: serverKey))
        defer { stranger.close() }
        let monitor = try HandshakeMonitor(
            of: stranger, name: "inproc://penstock.self-test.\(count.add(1, ordering: .relaxed).newValue)")
        try stranger.connect(endpoint)
        switch try monitor.firstOutcome(timeoutMilliseconds: timeoutMilliseconds) {
        case .refused:
            return
        case .succeeded:
            throw TransportError(
                .selfTestFailed,
                "\(endpoint) let a random key in: it must not serve. Check its ZAP domain and verdict.")
        case nil:
            throw TransportError(
                .selfTestFailed,
                "\(endpoint) did not refuse a random key within \(timeoutMilliseconds) ms: "
                    + "check that it is bound, that its public key is the one given and that its domain is registered")
        }
    }
}

/// Follows the handshakes of one client socket by zmq_socket_monitor(3).
private final class HandshakeMonitor {
    enum Outcome { case refused, succeeded }

    private let handle: UnsafeMutableRawPointer
    private let monitored: Socket

    init(of socket: Socket, name: String) throws(TransportError) {
        let target = try socket.open()
        let events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        try ZMQ.check("monitoring a socket") { zmq_socket_monitor(target, name, events) }
        guard let pair = zmq_socket(Context.shared.pointer, ZMQ_PAIR) else {
            throw ZMQ.failure("creating a monitor socket", zmq_errno())
        }
        handle = pair
        monitored = socket
        try ZMQ.check("connecting to a monitor") { zmq_connect(pair, name) }
    }

    deinit {
        // Ends the monitor: its other end closes with the socket, or with this call.
        if let target = monitored.handle { zmq_socket_monitor(target, nil, 0) }
        zmq_close(handle)
    }

    /// - Returns: nil if no handshake was decided in time. Failures of other kinds are retried by libzmq, and waited
    ///   out here.
    func firstOutcome(timeoutMilliseconds: Int) throws(TransportError) -> Outcome? {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .milliseconds(timeoutMilliseconds))
        while clock.now < deadline {
            var items = [zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)]
            zmq_poll(&items, 1, 10)
            guard items[0].revents != 0 else { continue }
            if let outcome = receiveEvent() { return outcome }
        }
        return nil
    }

    /// "The first frame contains an event number (16 bits), and an event value (32 bits) [...] The second frame
    /// contains a string that specifies the affected endpoint address." For a refusal the value is the ZAP status code.
    private func receiveEvent() -> Outcome? {
        var event = [UInt8](repeating: 0, count: 6)
        var address = [UInt8](repeating: 0, count: 512)
        guard zmq_recv(handle, &event, event.count, ZMQ_DONTWAIT) == event.count else { return nil }
        zmq_recv(handle, &address, address.count, ZMQ_DONTWAIT)
        let (number, value) = event.withUnsafeBytes {
            (Int32($0.loadUnaligned(as: UInt16.self)), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
        }
        switch number {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .succeeded
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH where value == 400: return .refused
        default: return nil
        }
    }
}
