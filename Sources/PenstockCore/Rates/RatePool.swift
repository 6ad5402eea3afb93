/// One rate at the ledger. What is in the pool and what each holder was given come to the whole, always.
struct RatePool: Sendable {
    private(set) var rate: Rate
    private(set) var pool: TokenBucket
    private(set) var holders: [Incarnation: RateHolder] = [:]
    /// Until then, parts in the pool may be with nodes that this process has not heard of: none are given, and a node
    /// is believed what it says that it holds.
    private let certainFrom: Instant
    var plannedAt: Instant = .min / 2
    var isContended = false

    /// - Parameter certainFrom: nil for a rate that no earlier process has known: it begins with its burst.
    init(_ rate: Rate, certainFrom: Instant?, at now: Instant) {
        self.rate = rate
        self.certainFrom = certainFrom ?? now
        pool = TokenBucket(share: Rate.whole, at: self.certainFrom)
        if certainFrom == nil { pool.fill(rate) }
    }

    /// Nothing would be lost by forgetting it.
    var isIdle: Bool { holders.isEmpty && pool.share == Rate.whole && pool.isFull(rate) }

    mutating func refill(_ rate: Rate, slowedBy ppm: UInt32, at now: Instant) {
        pool.refill(self.rate, slowedBy: ppm, at: now)
        guard rate != self.rate else { return }
        pool.change(from: self.rate, to: rate)
        self.rate = rate
        plannedAt = .min / 2
    }

    /// Takes up what a node says of its use, and says what it is told. Nil for the rate takes its parts away.
    mutating func step(
        _ line: RateStatement.Line, by incarnation: Incarnation, seen: RateStamp, in stamp: RateStamp,
        _ rate: Rate?, slowedBy ppm: UInt32, at now: Instant
    ) -> RateReply.Line {
        refill(rate ?? self.rate, slowedBy: ppm, at: now)
        stated(line, by: incarnation, seen: seen, in: stamp, slowedBy: ppm, at: now)
        plan(for: incarnation, at: now)
        if rate == nil {
            aim(incarnation, at: 0)
            isContended = true
        }
        return answer(incarnation, in: stamp, at: now)
    }

    private mutating func stated(
        _ line: RateStatement.Line, by incarnation: Incarnation, seen: RateStamp, in stamp: RateStamp,
        slowedBy ppm: UInt32, at now: Instant
    ) {
        if let known = holders[incarnation], known.id != line.id { release(incarnation, slowedBy: ppm, at: now) }
        var holder = holders[incarnation] ?? RateHolder(line, at: now)
        let held = min(max(0, line.held), Rate.whole)
        if now < certainFrom, held > holder.given {
            // More than the whole may be claimed, by a node that has no right to it any more: then the pool is in debt,
            // and nothing is given until that is over.
            _ = pool.lower(to: pool.share - (held - holder.given), rate)
            holder.offer(held, in: stamp)
        }
        if seen.epoch == stamp.epoch {
            holder.settle(held, in: stamp)
            let (parts, grains) = holder.confirmed(seen, held: held, returned: line.returned)
            // Before that, nobody knows how many tokens there are elsewhere.
            if parts > 0 {
                pool.raise(
                    to: pool.share + parts,
                    adding: now < certainFrom ? 0 : TokenBucket.plausible(grains, with: parts, rate), rate)
            }
        }
        holder.note(line, rate, at: now)
        holder.mark(at: now)
        holders[incarnation] = holder
    }

    /// It uses nothing any more: its parts come back, without tokens; until now they earned none here.
    mutating func release(_ incarnation: Incarnation, slowedBy ppm: UInt32, at now: Instant) {
        pool.refill(rate, slowedBy: ppm, at: now)
        guard let holder = holders.removeValue(forKey: incarnation) else { return }
        pool.raise(to: pool.share + holder.given, adding: 0, rate)
        plannedAt = .min / 2
    }

    /// What a node is told. Parts are given out of the pool only; they are taken back only once the node has followed.
    private mutating func answer(_ incarnation: Incarnation, in stamp: RateStamp, at now: Instant) -> RateReply.Line {
        var holder = holders[incarnation]!
        let target = holder.target ?? 0
        if now >= certainFrom, holder.isSettled, !holder.isPending {
            let more = min(target - holder.given, pool.share)
            if more > 0, holder.given + more >= holder.quantum {
                let grains = pool.lower(to: pool.share - more, rate)
                holder.granted &+= UInt64(bitPattern: grains)
                holder.offer(holder.given + more, in: stamp)
                holder.mark(at: now)
            } else if target < holder.given, isContended || !holder.isActive(at: now) {
                holder.offer(target, in: stamp)
            }
        }
        holders[incarnation] = holder
        return RateReply.Line(id: holder.id, share: holder.offered, granted: holder.granted)
    }

    mutating func aim(_ incarnation: Incarnation, at target: Int64) { holders[incarnation]!.target = target }

    /// What the pool and the holders have; always the whole.
    var sum: Int64 { holders.values.reduce(pool.share) { $0 + $1.given } }
}
