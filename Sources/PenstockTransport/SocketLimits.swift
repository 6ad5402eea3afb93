/// Every bound of the transport, with its reason. Times are milliseconds, sizes are bytes.
///
/// zmq_setsockopt(3) documents the options; libzmq's own defaults are unlimited message size, infinite linger, a
/// handshake time of 30 s and no keep-alive, none of which an exposed socket can afford.
package enum SocketLimits {
    /// One for members: our own bound is the log's fsync, orders of magnitude below what one I/O thread moves. One for
    /// strangers, so that their handshakes delay no member.
    package static let ioThreads: Int32 = 2
    /// libzmq's default of 1,023 would bound the nodes of a simulated mesh in one process.
    package static let maximumSockets: Int32 = 4096

    /// Messages queued towards one peer. Covers several seconds of a busy log; past it a publisher drops for that peer
    /// alone, which the peer sees as a gap and fetches. Never a guarantee: libzmq may hold fewer.
    package static let sendHighWater: Int32 = 10_000
    /// Messages queued from one publisher or server: the other half of the same seconds.
    package static let receiveHighWater: Int32 = 10_000
    /// Messages queued in libzmq for a bound socket: 0, no bound, since one that is reached can end the process. What
    /// bounds them is a thread that always takes them: see `ServerThread`.
    package static let boundReceiveHighWater: Int32 = 0
    /// Subscriptions of one member at a publisher: what lies queued for its connections is so often `sendHighWater` at
    /// most. Another one takes the place of the oldest.
    package static let subscriptionsOfMember = 8
    /// What a subscriber may have to send: its subscription, said anew now and then, while it has no connection.
    static let subscriptionsQueued: Int32 = 1
    /// What waits of one sender, once taken: some seconds of the busiest node. More is dropped, and asked for again.
    package static let waitingMessagesOfSender = 4096
    package static let waitingBytesOfSender = 8 << 20
    /// What waits of all senders; beyond it, each has only what it is assured.
    package static let waitingBytes = 128 << 20
    package static let waitingBytesAssured = 256 << 10
    /// What one connection may have sent that is not taken, or have been sent that it did not acknowledge: some of the
    /// largest messages, the answers that a member may have at once, and what lies in the kernel …
    static let unsettled: UInt64 = 48 << 20
    /// … and where messages come that are small, at a publisher and from a stranger.
    static let unsettledOfSmall: UInt64 = 1 << 20
    /// The same of all connections to one socket: those with the most are cut first.
    static let unsettledBytes: UInt64 = 256 << 20
    /// Of which pings, which libzmq takes itself, as a foreign client may send them.
    static let commandBytesPerSecond: UInt64 = 256
    /// Connections of one member, or of one address of strangers, to one socket. An enforcer has one, as has each
    /// command while it runs.
    static let connectionsOfSender = 64
    /// Every client of ours speaks at once.
    static let silentSeconds: Int64 = 10
    /// How often these are looked at, in milliseconds: in between a fast network brings 100 MB.
    static let guardInterval = 100
    /// Routes that have ended and are remembered, twice as many at most and some more: whoever works for one looks
    /// many times a second.
    static let endedRoutes = 1024
    /// What waits to be handed to libzmq, which a running thread takes within microseconds.
    package static let outgoingBytes = 256 << 20
    package static let outgoingMessages = 1 << 20
    /// Messages taken from one socket before others have their turn.
    package static let takenAtOnce = 256

    /// The largest payload. Events are at most 64 KiB; a page of fetched events is the largest thing sent.
    package static let messageBytes = 1 << 20
    /// What CURVE adds to a payload on the wire (RFC 26, MESSAGE command): name 8, nonce 8, box 16, flags 1.
    package static let curveOverheadBytes = 33
    /// ZMQ_MAXMSGSIZE: a peer that announces more "is disconnected". It bounds one frame, sealed.
    static let frameBytes = Int64(messageBytes + curveOverheadBytes)
    /// The same of what comes to a publisher: subscriptions, and handshakes, whose longest command has 289 bytes and
    /// the client's routing id.
    static let subscriptionFrameBytes: Int64 = 600
    /// The same of what a stranger sends: a request to join.
    static let strangerFrameBytes: Int64 = 8192

    /// Publishers and subscribers: what was not sent is a gap that is fetched anyway.
    package static let pubSubLinger: Int32 = 0
    /// Dealers and routers: time for a last report or a last refusal to leave after close.
    package static let dealerLinger: Int32 = 200

    /// A stranger may hold a half-open handshake this long.
    package static let handshakeInterval: Int32 = 3000
    /// ZMQ_HEARTBEAT_IVL: 0, no pings. In libzmq 4.3.4 a heartbeat timer that fires at a connection whose peer has gone
    /// while our queue for it was full ends the process (`Assertion failed: !_io_error`, stream_engine_base.cpp:331):
    /// any peer can bring that about. TCP finds the peers that lost power, and our own messages those that hang.
    package static let heartbeatInterval: Int32 = 0
    /// ZMQ_TCP_MAXRT, Linux's TCP_USER_TIMEOUT: what is sent and not acknowledged closes the connection after this
    /// long.
    ///
    /// Short, because of partitions: while one lasts, the kernel doubles its wait between retransmissions, so after two
    /// seconds a new connection finds a link that is back sooner than the old one does.
    package static let tcpMaximumRetransmit: Int32 = 2000
    /// Probes of a connection on which nothing is sent (TCP_KEEPIDLE, TCP_KEEPINTVL; in seconds), as a subscriber's: it
    /// closes when none was acknowledged for `tcpMaximumRetransmit`.
    package static let tcpKeepAliveIdle: Int32 = 1
    package static let tcpKeepAliveInterval: Int32 = 1
    package static let tcpKeepAliveCount: Int32 = 2

    /// ZMQ_CONNECT_TIMEOUT: while a link is cut, the kernel doubles its own wait for an answer to a connect up to
    /// minutes; giving up and trying anew finds the link soon after it is back.
    package static let connectTimeout: Int32 = 600

    /// A cut or a restart costs at least one reconnection, so the first comes quickly …
    package static let reconnectInterval: Int32 = 50
    /// … and those that follow double up to this, so a refused peer costs at most three handshakes a second.
    package static let reconnectIntervalMaximum: Int32 = 400
    /// Connections that one key may make to a server's sockets, and at once. An enforcer makes three at a start and
    /// after each expulsion, a command one.
    package static let handshakesPerSecond = 30.0
    package static let handshakeBurst = 200.0
    /// Keys whose connections are counted: as many as a mesh has members, many times over.
    package static let handshakeKeys = 10_000
    /// Connections waiting to be accepted: all nodes come back at once after a cycle.
    package static let backlog: Int32 = 1024

    /// How long `Socket.cycle` waits for the I/O thread to give the address back.
    package static let cycleTimeout = 2000
    /// The most sockets one poll covers: one bit each in a word.
    package static let polledSockets = 64
    /// How long the self-test waits for its refusal; no shorter than a handshake may take.
    package static let selfTestTimeout = 3000

    /// User-Id travels as a length-prefixed property; ids are digests or short names.
    package static let userIDBytes = 255
}
