internal import Glibc

/// What the connections of one bound socket have sent that was not taken, and were sent that they did not acknowledge:
/// read from the kernel, since libzmq tells nobody.
///
/// In libzmq a message of many parts is nobody's before its last part has come, and no high-water mark counts parts:
/// parts without an end, from any stranger, take memory as fast as the network brings them. So do messages that come
/// faster than they are taken, as the queues of bound sockets have no mark (see `ServerThread`); and answers that a
/// peer reads a few bytes of at a time. Whoever has too much of it is cut, as is who says nothing, and the oldest of
/// too many of one sender.
struct ConnectionGuard {
    struct Limits {
        /// Bytes of one connection that it has sent and that were not taken.
        var sent: UInt64
        /// Bytes that it was sent and did not acknowledge.
        var received: UInt64 = SocketLimits.unsettled
        /// How long a connection may be there before its first message.
        var silentSeconds: Int64 = SocketLimits.silentSeconds
        /// Connections of one sender at once.
        var ofSender: Int = SocketLimits.connectionsOfSender
    }

    private struct Connection {
        /// nil before the first sweep that finds it.
        var since: Int64?
        /// Bytes on the wire of what was taken, and of what was sent.
        var taken: UInt64 = 0
        var sent: UInt64 = 0
        var sender: String?
    }

    /// The kernel's name for a connection: a descriptor is used again at once.
    typealias Cookie = UInt64

    private let limits: Limits
    private var ports: Set<UInt16> = []
    private var connections: [Cookie: Connection] = [:]
    private var cookies: [RoutingID: Cookie] = [:]
    /// Routes whose connections the last sweep found no more.
    private(set) var ended: [RoutingID] = []

    init(_ limits: Limits) { self.limits = limits }

    mutating func bound(_ endpoint: String) {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":"),
            let port = UInt16(endpoint[endpoint.index(after: colon)...])
        else { return }
        ports.insert(port)
    }

    mutating func took(_ bytes: Int, of sender: String?, at route: RoutingID?, from descriptor: Int32) {
        // A route is one connection's; what its messages say of the descriptor is of when they are taken.
        let known = route.flatMap { cookies[$0] }.flatMap { connections[$0] == nil ? nil : $0 }
        guard let cookie = known ?? Self.cookie(descriptor) else { return }
        connections[cookie, default: Connection()].taken += UInt64(bytes)
        if let sender { connections[cookie]!.sender = sender }
        if let route { cookies[route] = cookie }
    }

    mutating func sent(_ bytes: Int, to route: RoutingID) {
        if let cookie = cookies[route] { connections[cookie]?.sent += UInt64(bytes) }
    }

    /// Cuts whom it must. Returns how many.
    mutating func sweep(_ open: [Int32], at seconds: Int64) -> Int {
        guard !ports.isEmpty else { return 0 }
        var waiting: [(descriptor: Int32, bytes: UInt64, isOver: Bool)] = []
        var seen: [Cookie: Int32] = [:]
        var cut: Set<Int32> = []
        for descriptor in open {
            guard let cookie = Self.cookie(descriptor) else { continue }
            if connections[cookie]?.since == nil {
                guard let port = Self.localPort(descriptor), ports.contains(port), Self.bytes(descriptor) != nil else {
                    continue
                }
                connections[cookie, default: Connection()].since = seconds
            }
            guard let connection = connections[cookie], let since = connection.since,
                let kernel = Self.bytes(descriptor)
            else { continue }
            seen[cookie] = descriptor
            let known = connection.taken + UInt64(seconds - since) * SocketLimits.commandBytesPerSecond
            let inward = kernel.received - min(kernel.received, known)
            let outward = connection.sent - min(connection.sent, kernel.acknowledged)
            waiting.append((descriptor, inward + outward, inward > limits.sent || outward > limits.received))
            if connection.taken == 0, seconds - since > limits.silentSeconds { cut.insert(descriptor) }
        }
        connections = connections.filter { seen[$0.key] != nil }
        ended = cookies.filter { seen[$0.value] == nil }.map(\.key)
        for route in ended { cookies[route] = nil }
        cut.formUnion(tooMany().compactMap { seen[$0] })
        var left = waiting.reduce(0) { $0 + $1.bytes }
        for (descriptor, bytes, isOver) in waiting.sorted(by: { $0.bytes > $1.bytes })
        where isOver || left > SocketLimits.unsettledBytes {
            cut.insert(descriptor)
            left -= bytes
        }
        // libzmq finds each at its end, and frees what was of it. The descriptor stays libzmq's to close.
        for descriptor in cut { shutdown(descriptor, Int32(SHUT_RDWR)) }
        return cut.count
    }

    /// The oldest of each sender who has too many.
    private func tooMany() -> [Cookie] {
        let bySender = Dictionary(grouping: connections.keys.filter { connections[$0]!.sender != nil }) {
            connections[$0]!.sender!
        }
        return bySender.values.filter { $0.count > limits.ofSender }.flatMap { cookies in
            cookies.sorted { (connections[$0]!.since ?? .max, $0) < (connections[$1]!.since ?? .max, $1) }
                .prefix(cookies.count - limits.ofSender)
        }
    }
}
