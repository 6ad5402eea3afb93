/// One incarnation's use of one rate.
struct RateUse: Sendable {
    let id: UInt64
    let key: RateKey
    private(set) var rate: Rate
    var bucket: TokenBucket
    /// Totals as in `RateStatement.Line`, and the grains that were given by the ledger process of the last answer.
    var received: UInt64 = 0
    var returned: UInt64 = 0
    private var asked: UInt64 = 0
    private var largest: Int64 = 0
    var isRefused = false
    /// Since when calls have asked in vain while there were no parts here, and when the last one did.
    private var wantedSince: Instant = .min / 2
    private var wantedAt: Instant = .min / 2
    /// Whether it has ever had parts.
    private(set) var wasGiven = false
    /// Statements that found it without parts and not asked for.
    private var quiet = 0

    init(id: UInt64, key: RateKey, rate: Rate, at now: Instant) {
        self.id = id
        self.key = key
        self.rate = rate
        bucket = TokenBucket(share: 0, at: now)
    }

    /// Some statements say that it holds nothing any more, so that one of them brings what it returned.
    var isOver: Bool { quiet >= 4 && bucket.share == 0 && largest == 0 }

    /// A call asks in vain. Returns whether parts may still be on their way: out of the ledger's pool, or from other nodes that
    /// have to pass them on first.
    mutating func isBeginning(at now: Instant) -> Bool {
        guard bucket.share == 0 else { return false }
        if now - wantedAt > Self.beginning { wantedSince = now }
        wantedAt = now
        return now - wantedSince < Self.beginning
    }

    static let beginning: Nanoseconds = 750 * .nanosecondsPerMillisecond

    @inline(__always)
    mutating func ask(_ amount: Int64) {
        asked &+= UInt64(bitPattern: amount)
        largest = max(largest, amount)
    }

    /// The demand that no statement has told yet goes on.
    mutating func inherit(_ old: RateUse) {
        asked = UInt64(old.largest)
        largest = old.largest
        isRefused = old.isRefused
        (wantedSince, wantedAt) = (old.wantedSince, old.wantedAt)
    }

    mutating func state() -> RateStatement.Line {
        quiet = bucket.share == 0 && largest == 0 ? quiet + 1 : 0
        defer { (largest, isRefused) = (0, false) }
        return RateStatement.Line(
            id: id, key: key, held: bucket.share, asked: asked, largest: largest, refused: isRefused, returned: returned)
    }

    /// The view may have another rate under the key.
    @inline(__always)
    mutating func follow(_ rate: Rate, slowedBy ppm: UInt32, at now: Instant) {
        guard rate != self.rate else { return }
        bucket.refill(self.rate, slowedBy: ppm, at: now)
        bucket.change(from: self.rate, to: rate)
        self.rate = rate
    }

    /// Takes what an answer gives, or passes on what it takes away. Returns whether it passes on anything.
    mutating func follow(_ line: RateReply.Line?, slowedBy ppm: UInt32, at now: Instant) -> Bool {
        let share = min(max(0, line?.share ?? 0), Rate.whole)
        let grains = Int64(bitPattern: (line?.granted ?? received) &- received)
        received = line?.granted ?? received
        bucket.refill(rate, slowedBy: ppm, at: now)
        if share < bucket.share {
            bucket.raise(to: bucket.share, adding: grains, rate)
            returned &+= UInt64(bitPattern: bucket.lower(to: share, rate))
            return true
        }
        if share > 0 { wasGiven = true }
        bucket.raise(to: share, adding: grains, rate)
        return false
    }
}
