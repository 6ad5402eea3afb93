/// One shard's use of one rate.
struct RateUse: Sendable {
    let key: RateKey
    private(set) var rate: Rate
    var bucket: TokenBucket
    /// What the whole node had, and when, when parts were given out last.
    var ofNode: Int64 = 0
    var dealtAt: Instant = .min / 2

    // Demand that no statement has told yet.
    private(set) var asked: UInt64 = 0
    private(set) var largest: Int64 = 0
    private(set) var isRefused = false
    /// Since when calls have asked in vain while there were no parts here, and when the last one did.
    private var wantedSince: Instant = .min / 2
    private var wantedAt: Instant = .min / 2

    // Demand against the other shards': asked for of late, and the largest refused amount since parts were given out.
    private var flow: UInt64 = 0
    private(set) var lacking: Int64 = 0
    private(set) var lackingSince: Instant = .max
    /// What was lacked when parts were given out last, with nothing admitted since: less was to be had in vain, too.
    private var dealtFor: Int64 = 0

    init(key: RateKey, rate: Rate, at now: Instant) {
        self.key = key
        self.rate = rate
        bucket = TokenBucket(share: 0, at: now)
    }

    /// A call asks in vain. Returns whether parts may still be on their way: out of the ledger's pool, or from other
    /// nodes that have to pass them on first.
    mutating func isBeginning(at now: Instant) -> Bool {
        guard ofNode == 0 else { return false }
        if now - wantedAt > Self.beginning { wantedSince = now }
        wantedAt = now
        return now - wantedSince < Self.beginning
    }

    static let beginning: Nanoseconds = 750 * .nanosecondsPerMillisecond

    /// Whether other shards have parts, and were not asked in vain for as much just now.
    func mayGetMore(_ amount: Int64, at now: Instant) -> Bool {
        ofNode > bucket.share && (amount > dealtFor || now - dealtAt >= Self.dealTime)
    }

    /// Whether calls were refused here for which parts may have to move.
    func isLacking(at now: Instant) -> Bool { lacking > 0 && (ofNode == 0 || mayGetMore(lacking, at: now)) }

    /// How often parts move between shards for what they do not cover: dealing them out keeps all decisions waiting.
    static let dealTime: Nanoseconds = 2 * .nanosecondsPerMillisecond

    @inline(__always)
    mutating func ask(_ amount: Int64) {
        asked &+= UInt64(bitPattern: amount)
        flow = min(flow, 1 << 60) + UInt64(min(amount, 1 << 60))
        largest = max(largest, amount)
    }

    mutating func admitted(_ amount: Int64) {
        ask(amount)
        dealtFor = 0
    }

    mutating func refuse(_ amount: Int64, at now: Instant) {
        isRefused = true
        lacking = max(lacking, amount)
        lackingSince = min(lackingSince, now)
    }

    /// What a statement tells.
    mutating func takeDemand() -> (asked: UInt64, largest: Int64, isRefused: Bool) {
        defer { (asked, largest, isRefused) = (0, 0, false) }
        return (asked, largest, isRefused)
    }

    /// It was void, and starts without parts; the demand that no statement has told yet goes on.
    mutating func restart(at now: Instant) {
        asked = UInt64(largest)
        bucket = TokenBucket(share: 0, at: now)
        ofNode = 0
    }

    /// What it wants of the parts of its node.
    var demand: (lacking: Int64, since: Instant, flow: UInt64) { (lacking, lackingSince, flow) }

    /// Its part of what the node has from here on.
    mutating func dealt(_ part: TokenBucket, of node: Int64, at now: Instant) {
        dealtFor = lacking
        if part.share > 0 { (lacking, lackingSince) = (0, .max) }
        (bucket, ofNode, dealtAt) = (part, node, now)
        // What is long ago counts less and less.
        flow /= 2
    }

    /// The view may have another rate under the key.
    @inline(__always)
    mutating func follow(_ rate: Rate, slowedBy ppm: UInt32, at now: Instant) {
        guard rate != self.rate else { return }
        bucket.refill(self.rate, slowedBy: ppm, at: now)
        bucket.change(from: self.rate, to: rate)
        self.rate = rate
    }
}
