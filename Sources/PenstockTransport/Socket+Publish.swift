import CZeroMQ
import Glibc

/// Who has subscribed at a publisher, in the order in which they did.
struct Subscribers {
    private(set) var routes: [RoutingID] = []
    private var members: [RoutingID: String] = [:]

    mutating func add(_ route: RoutingID, of member: String) {
        guard members[route] == nil else { return }
        if members.values.count(where: { $0 == member }) >= SocketLimits.subscriptionsOfMember,
            let oldest = routes.first(where: { members[$0] == member })
        {
            remove([oldest])
        }
        routes.append(route)
        members[route] = member
    }

    mutating func remove(_ gone: Set<RoutingID>) {
        guard !gone.isEmpty else { return }
        routes.removeAll(where: gone.contains)
        for route in gone { members[route] = nil }
    }
}

extension Socket {
    /// Asks the publisher for everything from now on. Its answer is what it publishes, so this is said anew now and
    /// then: a connection that ended has taken its subscription with it.
    package func subscribe() {
        precondition(kind == .subscriber, "only a subscriber subscribes")
        // One that waits for a connection is as good as two.
        _ = sendFrame(UnsafeRawBufferPointer(start: nil, count: 0), more: false)
    }

    /// Takes what subscribers have said, a bounded number of messages.
    ///
    /// - Returns: how many were none of a subscriber's, and whether more may wait.
    @discardableResult
    package func takeSubscriptions() throws(TransportError) -> (malformed: Int, more: Bool) {
        var malformed = 0
        for _ in 0..<SocketLimits.takenAtOnce {
            switch try receive() {
            case .message(let message)?:
                if message.payload.isEmpty, let route = message.route, let member = message.userID {
                    subscribers.add(route, of: member)
                } else {
                    malformed += 1
                }
            case .malformed?: malformed += 1
            case nil: return (malformed, false)
            }
        }
        return (malformed, true)
    }

    /// To each subscriber one reference to the same bytes. What is full gets none; what is gone is forgotten.
    func publish(_ payload: UnsafeRawBufferPointer) {
        guard let handle = try? open(), !subscribers.routes.isEmpty else { return }
        var (whole, part) = (zmq_msg_t(), zmq_msg_t())
        precondition(zmq_msg_init_size(&whole, payload.count) == 0, "no memory for a message")
        if let source = payload.baseAddress { memcpy(zmq_msg_data(&whole), source, payload.count) }
        defer { zmq_msg_close(&whole) }
        var gone: Set<RoutingID> = []
        for route in subscribers.routes {
            switch route.bytes.withUnsafeBytes({ sendFrame($0, more: true) }) {
            case .sent:
                connections?.sent(Self.wireBytes(payload.count), to: route)
                zmq_msg_init(&part)
                zmq_msg_copy(&part, &whole)
                // "The zmq_msg_send() function [...] on failure the message is not modified", and ours to close.
                while case let result = ZMQ.call({ zmq_msg_send(&part, handle, ZMQ_DONTWAIT) }), result.errno != 0 {
                    if result.errno == EINTR { continue }
                    zmq_msg_close(&part)
                    break
                }
            case .unroutable: gone.insert(route)
            case .full, .tooLarge: break
            }
        }
        subscribers.remove(gone)
    }
}
