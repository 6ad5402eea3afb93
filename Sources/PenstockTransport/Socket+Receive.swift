import CZeroMQ
import Glibc

extension Socket {
    /// Takes one message if there is one, and returns at once.
    ///
    /// - Throws: `closed`; `system` for what the libzmq manual does not foresee.
    package func receive() throws(TransportError) -> Inbound? {
        let handle = try open()
        guard var more = try receiveFrame(handle) else { return nil }
        var parts = 1
        var route: RoutingID?
        if isRouter {
            route = RoutingID(takeBytes())
            if more { (more, parts) = (try receiveRest(handle), 2) }
        }
        // From the payload frame: once the socket has been polled, libzmq 4.3.4 gives a routing-id frame no metadata.
        let userID = parts == expectedParts ? property("User-Id") : nil
        countFrame(of: userID, at: route)
        guard more || parts != expectedParts else {
            let address = traffic == .strangers ? property("Peer-Address") : nil
            return .message(InboundMessage(route: route, userID: userID, address: address, payload: takeBytes()))
        }
        // zmq_msg_recv(3): "An application that processes multi-part messages must use the ZMQ_RCVMORE option [...]
        // to determine if there are further parts". What is left would be taken for the next message.
        zmq_msg_close(message)
        while more {
            more = try receiveRest(handle)
            parts += 1
            countFrame(of: userID, at: route)
            zmq_msg_close(message)
        }
        return .malformed(route: route, userID: userID, parts: parts)
    }

    /// Counts the frame in `message`.
    private func countFrame(of sender: String?, at route: RoutingID?) {
        guard connections != nil, case let descriptor = zmq_msg_get(message, ZMQ_SRCFD), descriptor >= 0 else { return }
        // Strangers all have one name.
        connections!.took(
            Self.wireBytes(zmq_msg_size(message)), of: traffic == .strangers ? property("Peer-Address") : sender,
            at: route, from: descriptor)
    }

    /// Of a payload, sealed: RFC 23's header of 2 or 9 bytes, and CURVE's.
    static func wireBytes(_ payload: Int) -> Int {
        let sealed = payload + SocketLimits.curveOverheadBytes
        return sealed + (sealed > 255 ? 9 : 2)
    }

    /// On a router a routing id and one payload, on the others the payload.
    private var expectedParts: Int { isRouter ? 2 : 1 }
    private var isRouter: Bool { kind == .router || kind == .publisher }

    /// Receives into `message`, which the caller then closes.
    ///
    /// - Returns: whether more parts follow; nil if nothing was there.
    private func receiveFrame(_ handle: UnsafeMutableRawPointer) throws(TransportError) -> Bool? {
        zmq_msg_init(message)
        while true {
            let result = ZMQ.call { zmq_msg_recv(message, handle, ZMQ_DONTWAIT) }
            switch result.errno {
            case 0: return zmq_msg_more(message) != 0
            case EINTR: continue
            case EAGAIN:
                zmq_msg_close(message)
                return nil
            default:
                zmq_msg_close(message)
                throw ZMQ.failure("receiving", result.errno)
            }
        }
    }

    /// zmq_msg_recv(3): "ØMQ ensures atomic delivery of messages: peers shall receive either all message parts of a
    /// message or none at all", so a further part is always there.
    private func receiveRest(_ handle: UnsafeMutableRawPointer) throws(TransportError) -> Bool {
        guard let more = try receiveFrame(handle) else {
            throw ZMQ.failure("receiving the rest of a message", EAGAIN)
        }
        return more
    }

    private func takeBytes() -> [UInt8] {
        let bytes = [UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message)))
        zmq_msg_close(message)
        return bytes
    }

    /// zmq_msg_gets(3): the value "is owned by the message and its validity is tied to the lifetime of the message".
    private func property(_ name: String) -> String? {
        zmq_msg_gets(message, name).flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
    }
}
