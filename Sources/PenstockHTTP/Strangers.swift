internal import NIOCore
internal import PenstockCore
internal import PenstockGatekeeper
internal import Synchronization

/// Bounds what a door does for whoever presents no credential that the node knows, before anything is decided.
///
/// A bucket for each connection, and one for all of them. A connection that has presented a
/// known credential is trusted to make its way to an answer; its unknown questions still count.
final class Strangers: Sendable {
    let door: Door
    private let now: @Sendable () -> ContinuousClock.Instant

    private struct State {
        var all: Bucket
        var connections: [ObjectIdentifier: Connection] = [:]
        var refused: UInt64 = 0
    }

    private struct Connection {
        var bucket: Bucket
        var isKnown = false
    }

    private let state: Mutex<State>

    init(_ door: Door, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.door = door
        self.now = now
        state = Mutex(State(all: Bucket(HTTPLimits.strangersPerDoor, now())))
    }

    /// Whether a request is to be read at all: not while its connection has used up what strangers may.
    func admits(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard var connection = state.connections[ObjectIdentifier(channel)], !connection.isKnown else {
                return true
            }
            guard !connection.bucket.has(1, at: now()) else { return true }
            state.refused += 1
            return false
        }
    }

    /// The connection has presented a credential that the node knows.
    func know(_ channel: any Channel) {
        let name = ObjectIdentifier(channel)
        let isNew = state.withLock { state in
            if state.connections[name]?.isKnown == true { return false }
            var connection =
                state.connections[name] ?? Connection(bucket: Bucket(HTTPLimits.strangersPerConnection, now()))
            connection.isKnown = true
            return state.connections.updateValue(connection, forKey: name) == nil
        }
        if isNew { watch(channel) }
    }

    /// Whether so many questions, with credentials that the node does not know, may be decided; if so, they are
    /// counted.
    func takes(_ count: Int, from channel: any Channel) -> Bool {
        let name = ObjectIdentifier(channel)
        let (isTaken, isNew) = state.withLock { state in
            let now = now()
            let isNew = state.connections[name] == nil
            var connection =
                state.connections[name] ?? Connection(bucket: Bucket(HTTPLimits.strangersPerConnection, now))
            let isTaken = connection.bucket.has(count, at: now) && state.all.has(count, at: now)
            // Whoever keeps on asking waits until it stops.
            connection.bucket.take(isTaken ? count : 1)
            if isTaken { state.all.take(count) } else { state.refused += UInt64(count) }
            state.connections[name] = connection
            return (isTaken, isNew)
        }
        if isNew { watch(channel) }
        return isTaken
    }

    /// A connection is forgotten when it closes.
    private func watch(_ channel: any Channel) {
        let name = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.connections[name] = nil } }
    }

    var metric: Metric {
        Metric(
            "penstock_refused_questions_total",
            "Questions without a known credential that were refused before anything was decided.", .counter,
            labels: ["door": door.name], value: Double(state.withLock { $0.refused }))
    }
}

/// A token bucket.
private struct Bucket {
    private let limit: (perSecond: Int, atOnce: Int)
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    init(_ limit: (perSecond: Int, atOnce: Int), _ now: ContinuousClock.Instant) {
        self.limit = limit
        tokens = Double(limit.atOnce)
        filledAt = now
    }

    mutating func has(_ count: Int, at now: ContinuousClock.Instant) -> Bool {
        tokens = min(Double(limit.atOnce), tokens + (now - filledAt) / .seconds(1) * Double(limit.perSecond))
        filledAt = now
        return tokens >= Double(count)
    }

    mutating func take(_ count: Int) { tokens = max(0, tokens - Double(count)) }
}
