internal import PenstockCore

/// A node that has been given parts of one rate at time 0.
struct Bucket {
    let key = RateKey.named("r")
    let rate: Rate
    var buckets = RateBuckets()
    private var number: UInt64 = 0
    /// What has been given in all.
    private var granted: UInt64 = 0
    let term: Nanoseconds

    /// - Parameter tokens: given with the parts; nil gives what they can hold.
    init(_ rate: Rate, share: Int64 = Rate.whole, tokens: Int64? = nil, ppm: UInt32 = 0, term: Nanoseconds = .max / 4) {
        self.rate = rate
        self.term = term
        buckets.clockRatePPM = ppm
        _ = buckets.slot(key, rate, at: 0)
        told(0, 0, at: 0)
        told(share, tokens ?? rate.burst * share, at: 0)
    }

    /// One echo, answered with a share and grains more than before.
    mutating func told(_ share: Int64, _ grains: Int64, at now: Instant) {
        let statement = buckets.statement(term: term, at: now)
        number += 1
        granted &+= UInt64(bitPattern: grains)
        let lines = statement.lines.map { RateReply.Line(id: $0.id, share: share, granted: granted) }
        buckets.answered(
            RateReply(stamp: RateStamp(epoch: 1, number: number), answers: statement.sequence, lines: lines), at: now)
    }

    mutating func admit(_ amount: Int64, percent: Int64 = 100, at now: Instant) -> RateBuckets.Answer {
        let slot = buckets.slot(key, rate, at: now)!
        let answer = buckets.check(slot, amount, percent: percent, at: now)
        if answer == .admit { _ = buckets.take(slot, amount, percent: percent) }
        return answer
    }

    /// How many single calls are admitted at once.
    mutating func drain(percent: Int64 = 100, at now: Instant) -> Int {
        var count = 0
        while count < 10_000, admit(1, percent: percent, at: now) == .admit { count += 1 }
        return count
    }
}
