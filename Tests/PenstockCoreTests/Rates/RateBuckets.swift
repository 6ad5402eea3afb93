internal import PenstockCore

/// The rates of a node with one shard: what the shard admits by, and what the node says of it to the ledger.
struct RateBuckets {
    private var node = NodeRates()
    private let shards: Shards

    init() {
        shards = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: []).shards
    }

    typealias Answer = RateParts.Answer

    var clockRatePPM: UInt32 {
        get { shards[0].rates.clockRatePPM }
        set { shards[0].rates.clockRatePPM = newValue }
    }
    var count: Int { shards[0].rates.count }

    func share(_ key: RateKey, at now: Instant) -> Int64 { shards[0].rates.share(key, at: now) }
    mutating func slot(_ key: RateKey, _ rate: Rate, at now: Instant) -> Int32? {
        shards[0].rates.slot(key, rate, at: now)
    }

    mutating func check(_ slot: Int32, _ amount: Int64, percent: Int64 = 100, at now: Instant) -> Answer {
        shards[0].rates.check(slot, amount, percent: percent, at: now)
    }

    mutating func take(_ slot: Int32, _ amount: Int64, percent: Int64 = 100) -> RateParts.Taken {
        shards[0].rates.take(slot, amount, percent: percent)
    }

    mutating func giveBack(_ taken: RateParts.Taken) { shards[0].rates.giveBack(taken) }

    mutating func statement(term: Nanoseconds, at now: Instant) -> RateStatement {
        node.statement(shards, term: term, at: now)
    }

    @discardableResult
    mutating func answered(_ reply: RateReply, at now: Instant) -> Bool { node.answered(reply, shards, at: now) }

    mutating func dropAll() { node.dropAll(shards) }

    func wantsEcho(at now: Instant) -> Bool { node.wantsEcho(shards, at: now) }
}
