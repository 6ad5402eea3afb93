/// How a node's part of a rate is split among its shards.
///
/// All of it is put together and dealt out anew: first what covers the largest call that each shard had to refuse, to
/// those that have waited longest, and the rest by what each has asked for of late. Tokens go the same way. Nothing is
/// rounded, so nothing is lost or made, however often it is dealt.
extension NodeRates {
    /// Moves parts to the shards that lack some while others have them. Returns whether any have moved. All decisions
    /// wait meanwhile, so only rates that are lacked are looked up.
    @discardableResult
    package mutating func dealToLacking(_ shards: Shards, at now: Instant) -> Bool {
        var lacking: Set<Int> = []
        for shard in shards.indices where shards[shard].rates.wantsParts {
            shards[shard].rates.wantsParts = false
            for slot in shards[shard].rates.uses.indices where shards[shard].rates.uses[slot].isLacking(at: now) {
                if let index = slots[shards[shard].rates.uses[slot].key] { lacking.insert(index) }
            }
        }
        lacking = lacking.filter { uses[$0].share > 0 }
        for index in lacking.sorted() {
            let holders = holders(uses[index].key, shards)
            deal(gather(holders, shards, at: now), uses[index].share, holders, shards, at: now)
        }
        return !lacking.isEmpty
    }

    /// Takes what an answer gives, or passes on what it takes away. Returns whether it passes on anything.
    mutating func follow(_ index: Int, _ line: RateReply.Line?, _ shards: Shards, at now: Instant) -> Bool {
        let share = min(max(0, line?.share ?? 0), Rate.whole)
        let grains = Int64(bitPattern: (line?.granted ?? uses[index].received) &- uses[index].received)
        uses[index].received = line?.granted ?? uses[index].received
        let holders = holders(uses[index].key, shards)
        guard let (shard, slot) = holders.first else { return false }
        let rate = shards[shard].rates.uses[slot].rate
        var pool = gather(holders, shards, at: now)
        let isLess = share < pool.share
        if isLess {
            pool.raise(to: pool.share, adding: grains, rate)
            uses[index].returned &+= UInt64(bitPattern: pool.lower(to: share, rate))
        } else {
            if share > 0 { uses[index].wasGiven = true }
            pool.raise(to: share, adding: grains, rate)
        }
        uses[index].share = share
        deal(pool, share, holders, shards, at: now)
        return isLess
    }

    /// All that the shards have of one rate.
    private func gather(_ holders: [(shard: Int, slot: Int)], _ shards: Shards, at now: Instant) -> TokenBucket {
        var pool: TokenBucket?
        let rate = shards[holders[0].shard].rates.uses[holders[0].slot].rate
        for (shard, slot) in holders {
            let ppm = shards[shard].rates.clockRatePPM
            shards[shard].rates.uses[slot].follow(rate, slowedBy: ppm, at: now)
            shards[shard].rates.uses[slot].bucket.refill(rate, slowedBy: ppm, at: now)
            let part = shards[shard].rates.uses[slot].bucket
            if pool == nil { pool = part } else { pool!.absorb(part) }
        }
        return pool!
    }

    private func deal(
        _ pool: TokenBucket, _ share: Int64, _ holders: [(shard: Int, slot: Int)], _ shards: Shards, at now: Instant
    ) {
        let parts = holders.count == 1 ? [pool] : split(pool, holders, shards)
        for ((shard, slot), part) in zip(holders, parts) {
            shards[shard].rates.uses[slot].dealt(part, of: share, at: now)
        }
    }

    private func split(_ pool: TokenBucket, _ holders: [(shard: Int, slot: Int)], _ shards: Shards) -> [TokenBucket] {
        let rate = shards[holders[0].shard].rates.uses[holders[0].slot].rate
        let demands = holders.map { shards[$0.shard].rates.uses[$0.slot].demand }
        let lacking = demands.indices.filter { demands[$0].lacking > 0 }.sorted {
            (demands[$0].since, $0) < (demands[$1].since, $1)
        }
        var shares = demands.map { _ in Int64(0) }
        var left = pool.share
        for index in lacking {
            let quantum = min(rate.parts(covering: demands[index].lacking), pool.share)
            guard quantum <= left else { continue }
            (shares[index], left) = (quantum, left - quantum)
        }
        // Nobody that has had to wait must find that all is gone to those who asked most.
        var flow = demands.reduce(Int128(0)) { $0 + Int128($1.flow) }
        for index in demands.indices where flow > 0 {
            let extra = Int64(Int128(left) * Int128(demands[index].flow) / flow)
            flow -= Int128(demands[index].flow)
            shares[index] += extra
            left -= extra
        }
        shares[lacking.first ?? 0] += left
        let needs = lacking.map { ($0, TokenBucket.charge(demands[$0].lacking, rate, percent: 100)) }
        return pool.split(shares, first: needs, rate)
    }
}
