/// A token bucket over some parts of a rate. Exact: tokens are kept in a unit that makes a microsecond's refill, an
/// amount and the capacity whole numbers, so nothing is rounded but what travels in messages.
///
/// One token of an amount is `Rate.whole` grains; a grain is `fine(_:)` of the smallest unit. The largest value is
/// below 2¹²⁶ (a charge of 2⁴⁶ at one percent of a rate per day), so the arithmetic cannot overflow 128 bits.
package struct TokenBucket: Sendable {
    /// Of `Rate.whole`. Negative only in a pool whose parts more nodes claim than there are.
    package internal(set) var share: Int64
    var tokens: Int128 = 0
    var refilledAt: Instant
    /// Changes whenever the tokens change otherwise than by a charge.
    package internal(set) var version: UInt64 = 0

    package init(share: Int64, at now: Instant) {
        self.share = share
        refilledAt = now
    }

    @inline(__always)
    private static func fine(_ rate: Rate) -> Int128 { Int128(rate.periodMS * 1_000_000_000) }

    @inline(__always)
    func capacity(_ rate: Rate) -> Int128 { Int128(rate.burst * max(0, share)) * Self.fine(rate) }

    package func isFull(_ rate: Rate) -> Bool { tokens >= capacity(rate) }

    package mutating func fill(_ rate: Rate) { tokens = capacity(rate) }

    /// What one charge for an amount comes to at a percentage of the rate, rounded up.
    @inline(__always)
    package static func charge(_ amount: Int64, _ rate: Rate, percent: Int64) -> Int128 {
        let full = Int128(amount * Rate.whole) * fine(rate)
        return percent >= 100 ? full : (full * 100 + Int128(percent - 1)) / Int128(percent)
    }

    /// Brings what the time since the last refill is worth. The clock may run fast by `ppm`: it counts as slow by as
    /// much, so on no other clock of the mesh has the bucket had more than its part of the rate.
    @inline(__always)
    package mutating func refill(_ rate: Rate, slowedBy ppm: UInt32, at now: Instant) {
        let elapsed = (now - refilledAt) / 1000
        guard elapsed > 0 else { return }
        refilledAt += elapsed * 1000
        let capacity = capacity(rate)
        guard share > 0, tokens < capacity else { return }
        // Half a year at a time: more than any bucket is left alone for.
        let gain = Int128(min(elapsed, 1 << 44)) * Int128(rate.limit * share) * Int128(1_000_000 - ppm)
        tokens = min(capacity, tokens + gain)
        version &+= 1
    }

    /// How long until an amount is there, if nothing is taken meanwhile; nil when these parts never have so much.
    /// Refill first.
    func time(until amount: Int64, _ rate: Rate, slowedBy ppm: UInt32) -> Nanoseconds? {
        let needed = Self.charge(amount, rate, percent: 100)
        guard share > 0, needed <= capacity(rate) else { return nil }
        let gain = Int128(rate.limit * share) * Int128(1_000_000 - ppm)
        return Nanoseconds(min(max(0, needed - tokens + gain - 1) / gain, 1 << 50)) * 1000
    }

    @inline(__always)
    package func covers(_ amount: Int64, _ rate: Rate) -> Bool { tokens >= Self.charge(amount, rate, percent: 100) }

    @inline(__always)
    package mutating func take(_ charge: Int128) { tokens -= charge }

    /// Undoes a charge, if nothing has come since: it would be more than there was before.
    package mutating func giveBack(_ charge: Int128, takenAt version: UInt64) {
        guard version == self.version else { return }
        tokens += charge
    }

    /// Parts leave, and with them their part of the tokens. Returns that in grains, rounded down; a debt is below zero.
    /// Refill first.
    package mutating func lower(to new: Int64, _ rate: Rate) -> Int64 {
        guard new < share else { return 0 }
        defer { version &+= 1 }
        guard share > 0 else {
            share = new
            return 0
        }
        let grains = Self.floor(tokens, Self.fine(rate))
        let leaving = Self.floor(grains * Int128(share - max(0, new)), Int128(share))
        let told = Int64(min(max(leaving, -(1 << 62)), 1 << 62))
        share = new
        tokens = new > 0 ? min(tokens - Int128(told) * Self.fine(rate), capacity(rate)) : 0
        return told
    }

    /// Parts come, and grains with them; what exceeds the capacity is lost, and so is a debt beyond the largest that
    /// charges can leave: grains come in messages, and are whatever a peer says. Refill first.
    package mutating func raise(to new: Int64, adding grains: Int64, _ rate: Rate) {
        share = max(share, new)
        tokens = max(Self.deepest(rate), min(capacity(rate), tokens + Int128(grains) * Self.fine(rate)))
        version &+= 1
    }

    /// A charge at one percent of a full bucket.
    private static func deepest(_ rate: Rate) -> Int128 { -100 * Int128(rate.burst * Rate.whole) * fine(rate) }

    /// The rate is another one from here on: the tokens stay as far as they fit.
    package mutating func change(from old: Rate, to new: Rate) {
        tokens = min(capacity(new), Self.floor(tokens, Self.fine(old)) * Self.fine(new))
        version &+= 1
    }

    /// What may come with some parts of a rate: no more than they can hold, and no deeper a debt than a charge at one
    /// percent leaves in them. A node must not drain by its word what the others have.
    static func plausible(_ grains: Int64, with parts: Int64, _ rate: Rate) -> Int64 {
        let most = Int128(parts) * Int128(rate.burst)
        return Int64(clamping: min(max(Int128(grains), -100 * most), most))
    }

    static func floor(_ value: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
