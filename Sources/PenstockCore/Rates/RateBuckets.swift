/// A node's parts of the rates that its calls fall under. Admitting is a subtraction here and nothing else.
///
/// Parts are good only while the ledger knows of them: for `term` from the moment a statement was sent that the ledger
/// has answered. When that has run out the ledger may have given them to others, so they are dropped, and are never used
/// again even if a late answer renews the lease.
package struct RateBuckets: Sendable {
    var uses = ContiguousArray<RateUse>()
    var slots: [RateKey: Int32] = [:]
    var lastID: UInt64 = 0
    var sequence: UInt64 = 0
    var seen = RateStamp.none
    var outstanding: [(sequence: UInt64, epoch: UInt64, sentAt: Instant, term: Nanoseconds)] = []
    /// From here on the ledger may count this incarnation as fenced.
    var usableUntil: Instant = .min
    var statedAt: Instant = .min / 2
    /// The ledger should hear from this node soon: see `wantsEcho`.
    package internal(set) var isHurried = false
    /// ρ: every refill counts the clock as this much slow.
    package var clockRatePPM: UInt32 = Settings.standard.clockRatePPM

    package init() {}

    package var count: Int { uses.count }

    /// The parts of a rate that this node may use now.
    package func share(_ key: RateKey, at now: Instant) -> Int64 {
        now < usableUntil ? slots[key].map { uses[Int($0)].bucket.share } ?? 0 : 0
    }

    /// Where a rate's use is kept, until the next statement or answer; a new one starts without parts. Nil when as many
    /// rates are in use as an echo can name: the call is to be denied.
    package mutating func slot(_ key: RateKey, _ rate: Rate, at now: Instant) -> Int32? {
        if let slot = slots[key] {
            uses[Int(slot)].follow(rate, slowedBy: clockRatePPM, at: now)
            return slot
        }
        guard uses.count < Limits.ratesPerEcho else { return nil }
        lastID += 1
        uses.append(RateUse(id: lastID, key: key, rate: rate, at: now))
        slots[key] = Int32(uses.count - 1)
        // Its first call is refused: the ledger should hear of it soon.
        isHurried = true
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
        uses[index].isRefused = true
        return .wait
    }

    /// Whether a call that has to wait may well be admitted in a moment: its node has only begun to want the rate.
    mutating func isBeginning(_ slot: Int32, at now: Instant) -> Bool {
        guard uses[Int(slot)].isBeginning(at: now) else { return false }
        isHurried = true
        return true
    }

    /// When an amount that does not fit now may: once its tokens have come, or parts that are asked for.
    func wait(_ slot: Int32, _ amount: Int64, at now: Instant) -> Nanoseconds {
        guard now < usableUntil else { return Self.partsTime }
        return uses[Int(slot)].bucket.time(until: amount, uses[Int(slot)].rate, slowedBy: clockRatePPM) ?? Self.partsTime
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
        precondition(percent > 0 && uses[index].bucket.covers(amount, uses[index].rate), "took more tokens than there are")
        let charge = TokenBucket.charge(amount, uses[index].rate, percent: percent)
        uses[index].bucket.take(charge)
        uses[index].ask(amount)
        return Taken(slot: slot, id: uses[index].id, version: uses[index].bucket.version, charge: charge)
    }

    package struct Taken: Sendable {
        fileprivate var slot: Int32
        fileprivate var id: UInt64
        fileprivate var version: UInt64
        fileprivate var charge: Int128
    }

    /// Undoes a decision that admits nothing after all. Exact when nothing has come in between; else the tokens are lost,
    /// because a bucket that has refilled meanwhile must not also get them back.
    package mutating func giveBack(_ taken: Taken) {
        guard taken.slot < uses.count, uses[Int(taken.slot)].id == taken.id else { return }
        uses[Int(taken.slot)].bucket.giveBack(taken.charge, takenAt: taken.version)
    }
}
