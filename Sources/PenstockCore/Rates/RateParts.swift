/// One shard's parts of the rates that its calls fall under. Admitting is a subtraction here and nothing else.
///
/// `NodeRates` gives parts to shards, and moves them with demand: what all shards of a node have of a rate is what the
/// ledger gave to the node. Parts are good until `usableUntil`: then the ledger may have given them to others.
package struct RateParts: Sendable {
    var uses = ContiguousArray<RateUse>()
    var slots: [RateKey: Int32] = [:]
    /// From here on the ledger may count this incarnation as fenced.
    var usableUntil: Instant = .min
    /// The ledger should hear of a rate that was not in use, as soon as another statement is due.
    package internal(set) var isHurried = false
    var nextStatement: Instant = .min
    /// A call lacks parts that other shards may have.
    package internal(set) var wantsParts = false
    /// ρ: every refill counts the clock as this much slow.
    package var clockRatePPM: UInt32 = Settings.standard.clockRatePPM

    package init() {}

    package var count: Int { uses.count }

    /// The parts of a rate that this shard may use now.
    package func share(_ key: RateKey, at now: Instant) -> Int64 {
        now < usableUntil ? slots[key].map { uses[Int($0)].bucket.share } ?? 0 : 0
    }

    /// Where a rate's use is kept, until parts are given out next; a new one starts without parts. Nil when as many
    /// rates are in use as an echo can name: the call is to be denied.
    package mutating func slot(_ key: RateKey, _ rate: Rate, at now: Instant) -> Int32? {
        if let slot = slots[key] {
            uses[Int(slot)].follow(rate, slowedBy: clockRatePPM, at: now)
            return slot
        }
        guard uses.count < Limits.ratesPerEcho else { return nil }
        uses.append(RateUse(key: key, rate: rate, at: now))
        slots[key] = Int32(uses.count - 1)
        // Its first call is refused: the ledger should hear of it soon, and other shards may have parts.
        (isHurried, wantsParts) = (true, true)
        return Int32(uses.count - 1)
    }

    /// Whether an amount fits now; nothing is taken. To be asked of every rate of a call before any is taken from.
    ///
    /// - Parameter percent: what a throttle leaves of the rate: an admission counts as 100/percent of its amount.
    package mutating func check(_ slot: Int32, _ amount: Int64, percent: Int64 = 100, at now: Instant) -> Answer {
        let index = Int(slot)
        guard amount <= uses[index].rate.burst else { return .never }
        uses[index].bucket.refill(uses[index].rate, slowedBy: clockRatePPM, at: now)
        if percent > 0, now < usableUntil, uses[index].bucket.covers(amount, uses[index].rate) { return .admit }
        // Demand is what a rate admits or refuses itself: what another one or a budget stops must not draw parts here.
        uses[index].ask(amount)
        uses[index].refuse(amount, at: now)
        return .wait
    }

    /// Whether a call that has to wait may well be admitted in a moment: its node has only begun to want the rate, or
    /// other shards have parts that were not looked for just now.
    mutating func mayCome(_ slot: Int32, _ amount: Int64, at now: Instant) -> Bool {
        if uses[Int(slot)].isBeginning(at: now) {
            isHurried = true
            return true
        }
        return mayComeFromOthers(slot, amount, at: now)
    }

    package mutating func mayComeFromOthers(_ slot: Int32, _ amount: Int64, at now: Instant) -> Bool {
        guard uses[Int(slot)].mayGetMore(amount, at: now) else { return false }
        wantsParts = true
        return true
    }

    /// When an amount that does not fit now may: once its tokens have come, or parts that are asked for.
    package func wait(_ slot: Int32, _ amount: Int64, at now: Instant) -> Nanoseconds {
        guard now < usableUntil else { return Self.partsTime }
        // What comes to other shards comes here when a call asks for it.
        var bucket = uses[Int(slot)].bucket
        bucket.share = max(bucket.share, uses[Int(slot)].ofNode)
        return bucket.time(until: amount, uses[Int(slot)].rate, slowedBy: clockRatePPM) ?? Self.partsTime
    }

    /// About as long as an echo takes to be due.
    static let partsTime: Nanoseconds = 250 * .nanosecondsPerMillisecond

    package enum Answer: Equatable, Sendable {
        case admit
        /// Tokens or parts may come.
        case wait
        /// The amount exceeds the burst.
        case never
    }

    /// The caller has been told `.admit` for every rate of the call, at this instant. At a small percentage the charge
    /// exceeds what is there, and the bucket stays in debt until time has made up for it.
    package mutating func take(_ slot: Int32, _ amount: Int64, percent: Int64 = 100) -> Taken {
        let index = Int(slot)
        precondition(
            percent > 0 && uses[index].bucket.covers(amount, uses[index].rate), "took more tokens than there are")
        let charge = TokenBucket.charge(amount, uses[index].rate, percent: percent)
        uses[index].bucket.take(charge)
        uses[index].admitted(amount)
        return Taken(slot: slot, version: uses[index].bucket.version, charge: charge)
    }

    package struct Taken: Sendable {
        fileprivate var slot: Int32
        fileprivate var version: UInt64
        fileprivate var charge: Int128
    }

    /// Undoes a decision that admits nothing after all. Exact when nothing has come in between; else the tokens are
    /// lost, because a bucket that has refilled meanwhile must not also get them back.
    package mutating func giveBack(_ taken: Taken) {
        guard taken.slot < uses.count else { return }
        uses[Int(taken.slot)].bucket.giveBack(taken.charge, takenAt: taken.version)
    }

    /// Whether the network thread should look now.
    @inline(__always)
    package func wantsTurn(at now: @autoclosure () -> Instant) -> Bool {
        wantsParts || isHurried && now() >= nextStatement
    }

    mutating func remove(_ key: RateKey) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        uses.swapAt(Int(slot), uses.count - 1)
        uses.removeLast()
        if slot < uses.count { slots[uses[Int(slot)].key] = slot }
    }

    mutating func dropAll() {
        (uses, slots, usableUntil, isHurried, wantsParts) = ([], [:], .min, false, false)
    }
}
