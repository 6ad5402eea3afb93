import CZeroMQ
import Glibc
import PenstockCore

/// One encrypted ZeroMQ socket with explicit limits, used without ever blocking.
///
/// zmq(7): "Individual ØMQ sockets are not thread safe except in the case where full memory barriers are issued when
/// migrating a socket from one thread to another." The first operation after `init` binds the socket to its thread;
/// an operation on another thread stops the process.
package final class Socket {
    package let kind: SocketKind
    let traffic: SocketTraffic
    /// nil once closed.
    private(set) var handle: UnsafeMutableRawPointer?
    let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    /// Of a publisher.
    var subscribers = Subscribers()
    /// Of a bound socket.
    var connections: ConnectionGuard?
    private var owner: pthread_t?

    /// - Throws: `badKey`, `publishedKey`, `badDomain`; `system` when sockets or files run out.
    package init(
        _ kind: SocketKind, security: SocketSecurity, traffic: SocketTraffic = .members, context: Context = .shared
    ) throws(TransportError) {
        self.kind = kind
        self.traffic = traffic
        guard let handle = zmq_socket(context.pointer, kind.zmqType) else {
            throw ZMQ.failure("creating a socket", zmq_errno())
        }
        self.handle = handle
        try applyLimits(to: handle, security: security, traffic: traffic)
        try apply(security, to: handle)
        if case .server = security {
            let isSmall = kind == .publisher || traffic == .strangers
            connections = ConnectionGuard(.init(sent: isSmall ? SocketLimits.unsettledOfSmall : SocketLimits.unsettled))
        }
    }

    deinit {
        if let handle { zmq_close(handle) }
        message.deallocate()
    }

    /// Closes the socket; queued messages may still leave for the kind's linger time. Closing twice is harmless.
    package func close() {
        guard let handle else { return }
        claim()
        self.handle = nil
        zmq_close(handle)
    }

    /// Takes connections at `endpoint`. A `*` port or path is chosen by the system.
    ///
    /// - Returns: the endpoint really bound, which is what `unbind` and `cycle` need.
    /// - Throws: `refusedScheme`, `badEndpoint`, `addressInUse`, `closed`.
    package func bind(_ endpoint: String) throws(TransportError) -> String {
        let handle = try open(checking: endpoint)
        let place = try numeric(endpoint)
        try speak(place, on: handle)
        let result = ZMQ.call { zmq_bind(handle, place) }
        guard result.errno == 0 else { throw ZMQ.endpointFailure("listening at", endpoint, result.errno) }
        let bound = try lastEndpoint(handle)
        connections?.bound(bound)
        return bound
    }

    /// Stops listening and cuts every connection accepted there. What peers sent before may still be received.
    package func unbind(_ endpoint: String) throws(TransportError) {
        let handle = try open(checking: endpoint)
        let result = ZMQ.call { zmq_unbind(handle, endpoint) }
        guard result.errno == 0 else { throw ZMQ.endpointFailure("unbinding", endpoint, result.errno) }
    }

    /// Connects in the background, and reconnects for as long as the socket is open.
    package func connect(_ endpoint: String) throws(TransportError) {
        let handle = try open(checking: endpoint)
        try speak(endpoint, on: handle)
        let result = ZMQ.call { zmq_connect(handle, endpoint) }
        guard result.errno == 0 else { throw ZMQ.endpointFailure("connecting to", endpoint, result.errno) }
    }

    private func lastEndpoint(_ handle: UnsafeMutableRawPointer) throws(TransportError) -> String {
        var text = [UInt8](repeating: 0, count: 512)
        var size = text.count
        try ZMQ.check("reading the bound endpoint") { zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &size) }
        return String(decoding: text.prefix(max(0, size - 1)), as: UTF8.self)
    }
}

extension Socket {
    /// The open handle, on the thread that may use it.
    func open() throws(TransportError) -> UnsafeMutableRawPointer {
        guard let handle else { throw TransportError(.closed, "the socket was closed") }
        claim()
        return handle
    }

    private func open(checking endpoint: String) throws(TransportError) -> UnsafeMutableRawPointer {
        guard endpoint.hasPrefix("tcp://") || endpoint.hasPrefix("ipc://") else {
            throw TransportError(.refusedScheme, "\(endpoint): use tcp:// or ipc://.")
        }
        guard !endpoint.utf8.contains(0), endpoint.hasPrefix("ipc://") || Self.hasPort(endpoint) else {
            throw TransportError(
                .badEndpoint, "\(endpoint): write tcp://HOST:PORT, IPv6 in brackets, with a port up to 65535, or *.")
        }
        return try open()
    }

    /// libzmq takes a port modulo 65,536, so one digit too many would bind another port without a word.
    private static func hasPort(_ endpoint: String) -> Bool {
        guard let colon = endpoint.lastIndex(of: ":") else { return false }
        let port = endpoint[endpoint.index(after: colon)...]
        return port == "*" || UInt16(port) != nil
    }

    private static func host(_ endpoint: String) -> HostAddress? {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
        return HostAddress(String(endpoint[endpoint.index(endpoint.startIndex, offsetBy: 6)..<colon]))
    }

    /// libzmq takes a name to listen on for a network interface's, so it is given the address that the name stands for.
    private func numeric(_ endpoint: String) throws(TransportError) -> String {
        guard let host = Self.host(endpoint), case .name = host.kind else { return endpoint }
        guard let address = Resolver.addresses(host).first else {
            throw TransportError(
                .badEndpoint, "listening at \(endpoint): this machine knows no address of the name '\(host.text)'")
        }
        return "tcp://\(address.bracketed)" + endpoint[endpoint.lastIndex(of: ":")!...]
    }

    /// zmq_setsockopt(3), ZMQ_IPV6: "A value of 1 means IPv6 is enabled on the socket". A name would then be looked up
    /// as IPv6's first, so only one that is nothing else is.
    private func speak(_ endpoint: String, on handle: UnsafeMutableRawPointer) throws(TransportError) {
        guard let host = Self.host(endpoint), Resolver.addresses(host).first?.isIPv6 == true else { return }
        try set(ZMQ_IPV6, 1, on: handle)
    }

    private func claim() {
        let current = pthread_self()
        if let owner {
            precondition(pthread_equal(owner, current) != 0, "a socket belongs to the thread that first used it")
        } else {
            owner = current
        }
    }
}
