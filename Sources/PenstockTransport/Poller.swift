import CZeroMQ
import Glibc
package import PenstockSystem

/// What a wait found: sockets by their index in the list that was waited on.
package struct ReadySet: Equatable, Sendable {
    var bits: UInt64 = 0
    /// The wake signal is pending. It stays so until it is drained.
    package internal(set) var woken = false

    package var isEmpty: Bool { bits == 0 && !woken }
    package func contains(_ index: Int) -> Bool { bits & (1 << UInt64(index)) != 0 }
}

/// Waits for messages on a thread's sockets and for its wake signal. Belongs to one thread, as the sockets do.
package final class Poller {
    private var items: [zmq_pollitem_t] = []

    package init() {
        items.reserveCapacity(SocketLimits.polledSockets + 1)
    }

    /// Waits until a socket has a message, the signal is pending, or the time is up. Readiness is by level: what is
    /// left unread is found again. An interrupting signal ends the wait with nothing found.
    ///
    /// - Parameter timeoutMilliseconds: 0 does not wait, -1 has no end.
    /// - Throws: `closed`, `system`.
    package func wait(
        _ sockets: [Socket], wake: WakeSignal? = nil, timeoutMilliseconds: Int
    ) throws(TransportError) -> ReadySet {
        precondition(sockets.count <= SocketLimits.polledSockets, "too many sockets for one poll")
        items.removeAll(keepingCapacity: true)
        for socket in sockets {
            items.append(zmq_pollitem_t(socket: try socket.open(), fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        if let wake {
            items.append(zmq_pollitem_t(socket: nil, fd: wake.fileDescriptor, events: Int16(ZMQ_POLLIN), revents: 0))
        }
        let result = ZMQ.call { zmq_poll(&items, Int32(items.count), timeoutMilliseconds) }
        var ready = ReadySet()
        guard result.errno != EINTR else { return ready }
        guard result.errno == 0 else { throw ZMQ.failure("polling", result.errno) }
        for index in sockets.indices where items[index].revents != 0 { ready.bits |= 1 << UInt64(index) }
        if wake != nil { ready.woken = items[sockets.count].revents != 0 }
        return ready
    }
}
