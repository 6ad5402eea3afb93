internal import PenstockCore

/// A node that the ledger has given parts of one rate.
struct DealtNode {
    static let key = RateKey.named("r")
    var rates = NodeRates()
    let shards: Shards
    let rate: Rate
    private var granted: UInt64 = 0
    private var number: UInt64 = 0

    init(_ rate: Rate, shards count: Int) {
        self.rate = rate
        shards = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [], shards: count).shards
        for shard in shards.indices { shards[shard].rates.clockRatePPM = 0 }
    }

    mutating func give(_ share: Int64, grains: Int64, at now: Instant) {
        // What an answer of a process that was not followed yet gives is not taken up.
        if number == 0 { answer(0, grains: 0, at: now) }
        answer(share, grains: grains, at: now)
    }

    private mutating func answer(_ share: Int64, grains: Int64, at now: Instant) {
        let statement = rates.statement(shards, term: .max / 4, at: now)
        number += 1
        granted &+= UInt64(bitPattern: grains)
        let lines = statement.lines.map { RateReply.Line(id: $0.id, share: share, granted: granted) }
        let reply = RateReply(
            stamp: RateStamp(epoch: 1, number: number), answers: statement.sequence, lines: lines)
        rates.answered(reply, shards, at: now)
    }

    /// Asks until it is admitted or nothing is to be had any more; parts are dealt whenever a call lacks some.
    func admit(_ shard: Int, _ amount: Int64 = 1, at now: inout Instant) -> Bool {
        for _ in 0..<3 {
            guard let slot = shards[shard].rates.slot(Self.key, rate, at: now) else { return false }
            if shards[shard].rates.check(slot, amount, at: now) == .admit {
                _ = shards[shard].rates.take(slot, amount)
                return true
            }
            guard shards[shard].rates.mayComeFromOthers(slot, amount, at: now) else { return false }
            var rates = rates
            rates.dealToLacking(shards, at: now)
        }
        return false
    }

    func share(at now: Instant) -> Int64 {
        shards.indices.reduce(0) { $0 + shards[$1].rates.share(Self.key, at: now) }
    }
}
