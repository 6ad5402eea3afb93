/// How often a key that is let in may connect: a token bucket for each.
///
/// libzmq tells nobody when a connection ends, so what is bounded is how many can begin.
struct HandshakeRate {
    private var buckets: [[UInt8]: (tokens: Double, at: ContinuousClock.Instant)] = [:]

    mutating func admits(_ key: [UInt8], at now: ContinuousClock.Instant) -> Bool {
        if buckets.count >= SocketLimits.handshakeKeys {
            buckets = buckets.filter { refilled($0.value, at: now) < SocketLimits.handshakeBurst }
        }
        var tokens = buckets[key].map { refilled($0, at: now) } ?? SocketLimits.handshakeBurst
        defer { buckets[key] = (tokens, now) }
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    private func refilled(_ bucket: (tokens: Double, at: ContinuousClock.Instant), at now: ContinuousClock.Instant)
        -> Double
    {
        min(
            SocketLimits.handshakeBurst,
            bucket.tokens + (now - bucket.at) / .seconds(1) * SocketLimits.handshakesPerSecond)
    }
}
