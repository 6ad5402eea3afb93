internal import Synchronization

/// A socket of a `ServerThread`, which any thread may use.
package final class ServerSocket: Sendable {
    package let kind: SocketKind
    let screen: ServerThread.Screen

    package struct Counts: Equatable, Sendable {
        /// Of the wrong number of parts.
        package internal(set) var malformed: UInt64 = 0
        /// Dropped, since their sender had sent more than was taken up.
        package internal(set) var overflowed: UInt64 = 0
        /// Connections that the guard has cut.
        package internal(set) var cut: UInt64 = 0
        /// Replies whose receiver had gone, or did not read.
        package internal(set) var unsent: UInt64 = 0
    }

    private struct State {
        var queue = FairQueue()
        var counts = Counts()
        var ended = EndedRoutes()
    }

    private let index: Int
    private let thread: ServerThread
    private let state = Mutex(State())

    init(_ kind: SocketKind, at index: Int, of thread: ServerThread, screen: @escaping ServerThread.Screen) {
        self.kind = kind
        self.index = index
        self.thread = thread
        self.screen = screen
    }

    /// As `Socket.bind`.
    package func bind(_ endpoint: String) throws(TransportError) -> String { try thread.bind(index, endpoint) }

    /// As `Socket.cycle`.
    package func cycle(endpoint: String) throws(TransportError) { try thread.cycle(index, endpoint) }

    /// The next message, one of each sender in turn.
    package func receive() -> InboundMessage? { state.withLock { $0.queue.take() } }

    package var hasWaiting: Bool { state.withLock { !$0.queue.isEmpty } }

    /// Queues one message; messages leave in the order of these calls, over all sockets of the thread. `sent` says only
    /// that there was room.
    package func send(_ payload: [UInt8], to route: RoutingID? = nil) -> SendOutcome {
        precondition((kind == .router) == (route != nil), "a router's message, and no other, has a route")
        return thread.send(payload, to: route, on: index)
    }

    /// Whether the connection of a route has ended a short while ago: nobody waits there for an answer. It may take
    /// `SocketLimits.guardInterval` to be known, and is known of TCP alone.
    package func hasEnded(_ route: RoutingID) -> Bool { state.withLock { $0.ended.contains(route) } }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Returns whether it is the first that waits.
    func put(_ message: InboundMessage) -> Bool {
        state.withLock { state in
            let first = state.queue.isEmpty
            guard state.queue.add(message) else {
                state.counts.overflowed += 1
                return false
            }
            return first
        }
    }

    func countMalformed(_ count: Int = 1) { state.withLock { $0.counts.malformed += UInt64(count) } }

    /// What a sweep over the connections has found.
    func note(cut: Int, ended routes: [RoutingID]) {
        state.withLock { state in
            state.counts.cut += UInt64(cut)
            state.ended.add(routes)
        }
    }

    func countUnsent() { state.withLock { $0.counts.unsent += 1 } }
}

/// Messages that wait, by sender: each sender has its bounds, and its turn.
struct FairQueue {
    private struct Waiting {
        var messages: [InboundMessage] = []
        var next = 0
        var bytes = 0
        var count: Int { messages.count - next }
    }

    private var senders: [String: Waiting] = [:]
    /// Of whom something waits, in the order of their turns.
    private var turns: [String] = []
    private var nextTurn = 0
    private var bytes = 0

    var isEmpty: Bool { nextTurn == turns.count }

    /// Whether there was room: its sender has a bound, and a smaller one while all together wait for much.
    mutating func add(_ message: InboundMessage) -> Bool {
        let (sender, size) = (message.userID ?? "", message.payload.count)
        var waiting = senders[sender] ?? Waiting()
        let room =
            bytes + size <= SocketLimits.waitingBytes
            ? SocketLimits.waitingBytesOfSender : SocketLimits.waitingBytesAssured
        guard waiting.count < SocketLimits.waitingMessagesOfSender, waiting.bytes + size <= room else { return false }
        if waiting.count == 0 { turns.append(sender) }
        waiting.messages.append(message)
        waiting.bytes += size
        bytes += size
        senders[sender] = waiting
        return true
    }

    mutating func take() -> InboundMessage? {
        guard !isEmpty else { return nil }
        let sender = turns[nextTurn]
        nextTurn += 1
        if nextTurn > 64, nextTurn * 2 > turns.count {
            turns.removeFirst(nextTurn)
            nextTurn = 0
        }
        var waiting = senders.removeValue(forKey: sender)!
        let message = waiting.messages[waiting.next]
        waiting.next += 1
        waiting.bytes -= message.payload.count
        bytes -= message.payload.count
        guard waiting.count > 0 else { return message }
        if waiting.next > 64, waiting.next * 2 > waiting.messages.count {
            waiting.messages.removeFirst(waiting.next)
            waiting.next = 0
        }
        senders[sender] = waiting
        turns.append(sender)
        return message
    }
}

extension ServerThread {
    /// What becomes of a message. It is asked on the server's thread, so it must be quick.
    package enum Screening: Sendable {
        case take
        case drop
        case answer([UInt8])
    }
    package typealias Screen = @Sendable (InboundMessage) -> Screening
}
