/// So much of a unit per period, over all nodes together: in any span T at most burst + limit × T / period is admitted.
///
/// The rate is split into `whole` parts. Every part is with one node or in the ledger's pool, so no message, crash or
/// partition can make more of them; a node that holds s parts is a token bucket of s/whole of the limit and the burst.
package struct Rate: Hashable, Sendable {
    /// Empty for a grant's own.
    package var name: String
    package var unit: String
    package var limit: Int64
    package var periodMS: Int64
    /// What may be admitted at once, after a quiet time.
    package var burst: Int64

    /// - Parameter burst: nil takes the limit.
    package init(name: String = "", unit: String, limit: Int64, periodMS: Int64, burst: Int64? = nil) {
        self.name = name
        self.unit = unit
        self.limit = limit
        self.periodMS = periodMS
        self.burst = burst ?? limit
    }

    /// Parts that a rate is split into. With amounts up to 2⁴⁶, a part of a burst still fits 63 bits.
    package static let whole: Int64 = 1 << 16

    /// Why this rate cannot be used, or nil.
    package var problem: String? {
        if name.utf8.count > Limits.idBytes { return "a rate's name is longer than \(Limits.idBytes) bytes" }
        if unit.isEmpty || unit.utf8.count > 64 { return "a unit must have 1 to 64 bytes" }
        if !(1...Limits.amount).contains(limit) {
            return "a rate must be 1 to \(Limits.amount) a period; to stop a unit, suspend"
        }
        if !Limits.ratePeriodMS.contains(periodMS) { return "a rate's period must be 100 ms to 1 day" }
        if !(1...Limits.amount).contains(burst) { return "a burst must be 1 to \(Limits.amount)" }
        return nil
    }

    /// The fewest parts whose burst covers an amount: with fewer, it could never be admitted. At most the whole.
    package func parts(covering amount: Int64) -> Int64 {
        guard amount < burst else { return Rate.whole }
        return max(1, (amount * Rate.whole + burst - 1) / burst)
    }

    /// The parts that a flow of `amount` in `time` needs, rounded up. At most the whole.
    package func parts(flowing amount: UInt64, in time: Nanoseconds) -> Int64 {
        let flow = Int128(min(amount, 1 << 60)) * Int128(periodMS * .nanosecondsPerMillisecond) * Int128(Rate.whole)
        let limit = Int128(limit) * Int128(max(1, time))
        return Int64(min(Int128(Rate.whole), (flow + limit - 1) / limit))
    }
}

/// What a rate is kept under.
package enum RateKey: Hashable, Sendable {
    case grant(String, unit: String)
    case named(String)
}

extension Limits {
    /// A shorter period than this is shorter than an echo takes; a longer one belongs in a budget.
    package static let ratePeriodMS: ClosedRange<Int64> = 100...86_400_000
    /// Rates that have a name: a decision looks through them all where any may cover its grant.
    package static let namedRates = 256
    /// Rates that one incarnation uses at once: each echo names all of them.
    package static let ratesPerEcho = 1_024
    /// Rates that a ledger keeps: those in use, and those whose burst has not come back yet.
    package static let rates = 100_000
}
