internal import NIOCore
import PenstockCore
internal import PenstockIdentity
internal import PenstockSystem
internal import Synchronization

/// The connections of one door, and how long each may take for what it is doing. Whoever is slower is cut off.
///
/// While the door is nearly full, each new connection ends one that does nothing: those that never asked anything
/// first, then the one that has been idle for longest. So nobody can block the door by holding connections.
final class Connections: Sendable {
    enum Activity {
        /// Nothing has come since it was made.
        case silent
        /// Bytes of a request have come, not all of it.
        case asking
        /// The request is read whole, and has its own time.
        case answering
        /// The answer does not wait for the rest of the request, and is the last.
        case draining
        /// An event stream, until it ends.
        case streaming
        /// The last answer has left.
        case idle
    }

    struct Connection {
        let channel: any Channel
        var activity = Activity.silent
        var since: ContinuousClock.Instant
        /// Since when it has not taken what was written to it.
        var unreadSince: ContinuousClock.Instant?
        var hasAsked = false
        /// Its client says nothing any more, and most likely hears nothing.
        var hasGone = false
        /// What its client's certificate has proven.
        var client: ClientIdentity?
        /// Its next answer is the last.
        var isLast = false
        /// Called once, when it goes.
        var onGone: (@Sendable () -> Void)?

        func isOver(_ now: ContinuousClock.Instant) -> Bool {
            if let unreadSince, now - unreadSince > HTTPLimits.unreadTime { return true }
            switch activity {
            case .silent, .asking: return now - since > HTTPLimits.requestTime
            case .draining: return now - since > HTTPLimits.drainTime
            case .idle: return now - since > HTTPLimits.idleTime
            case .answering, .streaming: return false
            }
        }

        /// Nil for one that is about something.
        var idleness: (Int, ContinuousClock.Instant)? {
            switch activity {
            case .silent, .asking, .draining: (hasAsked ? 1 : 0, since)
            case .idle: (1, since)
            case .answering, .streaming: nil
            }
        }
    }

    private let connections = Mutex<[ObjectIdentifier: Connection]>([:])
    let eras = Atomic<UInt64>(0)

    func opened(_ channel: any Channel) {
        let excess = connections.withLock { connections -> (any Channel)? in
            let full = connections.count >= HTTPLimits.connections - HTTPLimits.spareConnections
            let idlest =
                full
                ? connections.filter { $0.value.idleness != nil }.min { $0.value.idleness! < $1.value.idleness! } : nil
            if let idlest { connections[idlest.key] = nil }
            connections[ObjectIdentifier(channel)] = Connection(channel: channel, since: .now)
            return idlest?.value.channel
        }
        excess?.close(promise: nil)
    }

    func closed(_ channel: any Channel) {
        connections.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.onGone?()
    }

    /// The client has closed its side.
    func gone(_ channel: any Channel) {
        let onGone = connections.withLock { connections -> (@Sendable () -> Void)? in
            guard let index = connections.index(forKey: ObjectIdentifier(channel)) else { return nil }
            connections.values[index].hasGone = true
            defer { connections.values[index].onGone = nil }
            return connections.values[index].onGone
        }
        onGone?()
    }

    func isThere(_ channel: any Channel) -> Bool {
        connections.withLock { $0[ObjectIdentifier(channel)]?.hasGone == false }
    }

    func received(_ channel: any Channel) {
        change(channel) { connection in
            guard connection.activity == .silent || connection.activity == .idle else { return }
            (connection.activity, connection.since) = (.asking, .now)
        }
    }

    /// The request is here, whole.
    func answering(_ channel: any Channel) {
        change(channel) { ($0.activity, $0.hasAsked) = ($0.activity == .streaming ? .streaming : .answering, true) }
    }

    /// Whether an answer is the connection's last, which ends soon after: where the request is not here whole, and
    /// where whom to believe has changed.
    ///
    /// - Parameter hasBody: whether the request has more than its head.
    func answersLast(_ channel: any Channel, hasBody: Bool) -> Bool {
        connections.withLock { connections in
            guard let index = connections.index(forKey: ObjectIdentifier(channel)) else { return false }
            let isEarly =
                switch connections.values[index].activity {
                case .answering, .streaming: false
                case .silent, .asking, .idle, .draining: hasBody
                }
            guard isEarly || connections.values[index].isLast else { return false }
            (connections.values[index].activity, connections.values[index].since) = (.draining, .now)
            return true
        }
    }

    func streaming(_ channel: any Channel) {
        change(channel) { ($0.activity, $0.hasAsked) = (.streaming, true) }
    }

    func sent(_ channel: any Channel) {
        change(channel) { connection in
            guard connection.activity != .streaming, connection.activity != .draining else { return }
            (connection.activity, connection.since) = (.idle, .now)
        }
    }

    func writable(_ channel: any Channel, _ isWritable: Bool) {
        change(channel) { $0.unreadSince = isWritable ? nil : .now }
    }

    /// Runs until it is cancelled.
    func watch() async throws {
        while !Task.isCancelled {
            try await Task.sleep(for: HTTPLimits.watchInterval)
            let now = ContinuousClock.now
            end { $0.isOver(now) }
        }
    }

    func end(where isOver: (Connection) -> Bool) {
        let over = connections.withLock { connections in
            let over = connections.filter { isOver($0.value) }
            for key in over.keys { connections[key] = nil }
            return over.values.map(\.channel)
        }
        for channel in over { channel.close(promise: nil) }
    }

    func changeAll(_ body: (inout Connection) -> Void) {
        connections.withLock { connections in
            for index in connections.indices { body(&connections.values[index]) }
        }
    }

    func change(_ channel: any Channel, _ body: (inout Connection) -> Void) {
        connections.withLock { connections in
            guard let index = connections.index(forKey: ObjectIdentifier(channel)) else { return }
            body(&connections.values[index])
        }
    }
}
