import CZeroMQ
import Glibc

extension Socket {
    /// Queues one message and returns at once. A router needs a route; the other kinds take none. The bytes are
    /// copied. After `close` the outcome is `unroutable`.
    package func send(_ payload: UnsafeRawBufferPointer, to route: RoutingID? = nil) -> SendOutcome {
        precondition((kind == .router) == (route != nil), "a router's message, and no other, has a route")
        guard payload.count <= SocketLimits.messageBytes else { return .tooLarge }
        if kind == .publisher {
            publish(payload)
            return .sent
        }
        if let route {
            let routed = route.bytes.withUnsafeBytes { sendFrame($0, more: true) }
            guard routed == .sent else { return routed }
            connections?.sent(Self.wireBytes(payload.count), to: route)
        }
        return sendFrame(payload, more: false)
    }

    package func send(_ payload: [UInt8], to route: RoutingID? = nil) -> SendOutcome {
        payload.withUnsafeBytes { send($0, to: route) }
    }

    /// zmq_send(3) copies the buffer, so a failure leaves nothing to free, and "the message shall be delivered as a
    /// whole or not at all".
    func sendFrame(_ bytes: UnsafeRawBufferPointer, more: Bool) -> SendOutcome {
        guard let handle = try? open() else { return .unroutable }
        let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
        while true {
            let result = ZMQ.call { zmq_send(handle, bytes.baseAddress, bytes.count, flags) }
            switch result.errno {
            case 0: return .sent
            case EINTR: continue
            case EAGAIN: return .full
            case EHOSTUNREACH: return .unroutable
            default: preconditionFailure("\(ZMQ.failure("sending", result.errno))")
            }
        }
    }
}
