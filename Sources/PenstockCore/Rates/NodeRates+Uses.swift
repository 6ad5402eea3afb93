/// Which rates a node uses, and what its shards ask of them.
extension NodeRates {
    /// Rates that shards have begun to use, as far as an echo can name them.
    mutating func enroll(_ shards: Shards) {
        for shard in shards.indices {
            for key in shards[shard].rates.uses.map(\.key) where slots[key] == nil {
                guard uses.count < Limits.ratesPerEcho else { return }
                lastID += 1
                slots[key] = uses.count
                uses.append(Use(id: lastID, key: key))
            }
        }
    }

    mutating func line(_ index: Int, _ shards: Shards) -> RateStatement.Line {
        var (largest, isRefused) = (Int64(0), false)
        for (shard, slot) in holders(uses[index].key, shards) {
            let demand = shards[shard].rates.uses[slot].takeDemand()
            uses[index].asked &+= demand.asked
            largest = max(largest, demand.largest)
            isRefused = isRefused || demand.isRefused
        }
        uses[index].quiet = uses[index].share == 0 && largest == 0 ? uses[index].quiet + 1 : 0
        let use = uses[index]
        return RateStatement.Line(
            id: use.id, key: use.key, held: use.share, asked: use.asked, largest: largest, refused: isRefused,
            returned: use.returned)
    }

    /// Some statements say that a use holds nothing any more, so that one of them brings what it returned.
    mutating func forgetQuiet(_ shards: Shards) {
        for index in uses.indices.reversed() where uses[index].quiet >= 4 && uses[index].share == 0 {
            let key = uses[index].key
            guard holders(key, shards).allSatisfy({ shards[$0.shard].rates.uses[$0.slot].largest == 0 }) else {
                continue
            }
            for shard in shards.indices { shards[shard].rates.remove(key) }
            slots[key] = nil
            uses.swapAt(index, uses.count - 1)
            uses.removeLast()
            if index < uses.count { slots[uses[index].key] = index }
        }
    }

    /// A use that has been given anything ends, and another one starts without: what is under way for it is void.
    mutating func lapse(_ shards: Shards, at now: Instant) {
        for index in uses.indices where uses[index].wasGiven {
            lastID += 1
            uses[index] = Use(id: lastID, key: uses[index].key)
            for (shard, slot) in holders(uses[index].key, shards) { shards[shard].rates.uses[slot].restart(at: now) }
        }
    }

    func holders(_ key: RateKey, _ shards: Shards) -> [(shard: Int, slot: Int)] {
        shards.indices.compactMap { shard in shards[shard].rates.slots[key].map { (shard, Int($0)) } }
    }
}
