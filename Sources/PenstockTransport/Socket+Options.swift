import CZeroMQ

extension SocketKind {
    var zmqType: Int32 {
        switch self {
        case .router, .publisher: ZMQ_ROUTER
        case .dealer, .subscriber: ZMQ_DEALER
        }
    }
}

extension Socket {
    func applyLimits(
        to handle: UnsafeMutableRawPointer, security: SocketSecurity, traffic: SocketTraffic
    ) throws(TransportError) {
        let receive: Int32
        switch security {
        case .server: receive = SocketLimits.boundReceiveHighWater
        case .client: receive = SocketLimits.receiveHighWater
        }
        let linger =
            switch kind {
            case .publisher, .subscriber: SocketLimits.pubSubLinger
            case .router, .dealer: SocketLimits.dealerLinger
            }
        let options: [(Int32, Int32)] = [
            (ZMQ_SNDHWM, kind == .subscriber ? SocketLimits.subscriptionsQueued : SocketLimits.sendHighWater),
            (ZMQ_RCVHWM, receive),
            (ZMQ_LINGER, linger),
            (ZMQ_HANDSHAKE_IVL, SocketLimits.handshakeInterval),
            (ZMQ_HEARTBEAT_IVL, SocketLimits.heartbeatInterval),
            (ZMQ_TCP_MAXRT, SocketLimits.tcpMaximumRetransmit),
            (ZMQ_TCP_KEEPALIVE, 1),
            (ZMQ_TCP_KEEPALIVE_IDLE, SocketLimits.tcpKeepAliveIdle),
            (ZMQ_TCP_KEEPALIVE_INTVL, SocketLimits.tcpKeepAliveInterval),
            (ZMQ_TCP_KEEPALIVE_CNT, SocketLimits.tcpKeepAliveCount),
            (ZMQ_CONNECT_TIMEOUT, SocketLimits.connectTimeout),
            (ZMQ_RECONNECT_IVL, SocketLimits.reconnectInterval),
            (ZMQ_RECONNECT_IVL_MAX, SocketLimits.reconnectIntervalMaximum),
            (ZMQ_BACKLOG, SocketLimits.backlog),
        ]
        for (option, value) in options { try set(option, value, on: handle) }
        var frame =
            switch (traffic, kind) {
            case (.strangers, _): SocketLimits.strangerFrameBytes
            case (.members, .publisher): SocketLimits.subscriptionFrameBytes
            case (.members, _): SocketLimits.frameBytes
            }
        try ZMQ.check("limiting message size") {
            zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &frame, MemoryLayout.size(ofValue: frame))
        }
        // "ZMQ_AFFINITY determines which threads from the ØMQ I/O thread pool [...] shall handle newly created
        // connections".
        var threads: UInt64 = traffic == .members ? 0b01 : 0b10
        try ZMQ.check("choosing an I/O thread") {
            zmq_setsockopt(handle, ZMQ_AFFINITY, &threads, MemoryLayout.size(ofValue: threads))
        }
        switch kind {
        case .router, .publisher:
            // "A value of 1 returns an EHOSTUNREACH error code if the message cannot be routed"; 0 drops it silently.
            try set(ZMQ_ROUTER_MANDATORY, 1, on: handle)
            // 0: a second peer with the same routing id is refused, not given the first one's replies.
            try set(ZMQ_ROUTER_HANDOVER, 0, on: handle)
        case .dealer:
            // "messages shall be queued only to completed connections", so a dead server shows as `full`.
            try set(ZMQ_IMMEDIATE, 1, on: handle)
        case .subscriber:
            // An empty message on each connection, which is the subscription: one that flaps has it from its first
            // moment. It comes with the pipe, which is a new one for each connection only under ZMQ_IMMEDIATE.
            try set(ZMQ_IMMEDIATE, 1, on: handle)
            try set(ZMQ_PROBE_ROUTER, 1, on: handle)
        }
    }

    func apply(_ security: SocketSecurity, to handle: UnsafeMutableRawPointer) throws(TransportError) {
        switch security {
        case .server(let keys, let domain):
            try PublishedKeys.refuse(keys.publicKey)
            guard Authenticator.isValid(domain: domain) else { throw Authenticator.badDomain }
            try set(ZMQ_CURVE_SERVER, 1, on: handle)
            try set(ZMQ_CURVE_SECRETKEY, keys.secretKey, on: handle)
            // Both, or libzmq fails open: without a domain it never asks the handler, and without enforcing
            // (zmq_setsockopt(3), ZMQ_ZAP_ENFORCE_DOMAIN) it admits everybody while no handler is bound.
            try set(ZMQ_ZAP_DOMAIN, Array(domain.utf8), on: handle)
            try set(zapEnforceDomain, 1, on: handle)
            try require(ZMQ_CURVE_SERVER, 1, on: handle)
            try require(zapEnforceDomain, 1, on: handle)
        case .client(let keys, let serverKey):
            guard serverKey.count == CurveKeyPair.keyBytes else {
                throw TransportError(.badKey, "a server's public key is \(CurveKeyPair.keyBytes) bytes")
            }
            try PublishedKeys.refuse(keys.publicKey)
            try PublishedKeys.refuse(serverKey)
            try set(ZMQ_CURVE_SERVERKEY, serverKey, on: handle)
            try set(ZMQ_CURVE_PUBLICKEY, keys.publicKey, on: handle)
            try set(ZMQ_CURVE_SECRETKEY, keys.secretKey, on: handle)
        }
        try require(ZMQ_MECHANISM, ZMQ_CURVE, on: handle)
    }

    func set(
        _ option: Int32, _ value: Int32, on handle: UnsafeMutableRawPointer
    ) throws(TransportError) {
        try ZMQ.check("setting socket option \(option)") {
            withUnsafeBytes(of: value) { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        }
    }

    private func set(
        _ option: Int32, _ bytes: [UInt8], on handle: UnsafeMutableRawPointer
    ) throws(TransportError) {
        try ZMQ.check("setting socket option \(option)") { zmq_setsockopt(handle, option, bytes, bytes.count) }
    }

    /// Reads a security option back: no socket may go on with another value.
    private func require(
        _ option: Int32, _ expected: Int32, on handle: UnsafeMutableRawPointer
    ) throws(TransportError) {
        var value: Int32 = -1
        var size = MemoryLayout<Int32>.size
        try ZMQ.check("reading socket option \(option)") { zmq_getsockopt(handle, option, &value, &size) }
        precondition(value == expected, "libzmq did not take security option \(option)")
    }
}

/// ZMQ_ZAP_ENFORCE_DOMAIN. The header declares the name among the drafts; libzmq has the option since 4.3.0.
private let zapEnforceDomain: Int32 = 93
