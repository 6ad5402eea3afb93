/// A node's parts of the rates that its calls fall under. Admitting is a subtraction here and nothing else.
///
/// Parts are good only while the ledger knows of them: for `term` from the moment a statement was sent that the ledger
/// has answered. When that has run out the ledger may have given them to others, so they are dropped, and are never used
/// again even if a late answer renews the lease.
package struct RateBuckets: Sendable {
    private var uses = ContiguousArray<RateUse>()
    private var slots: [RateKey: Int32] = [:]
    private var lastID: UInt64 = 0
    private var sequence: UInt64 = 0
    private var seen = RateStamp.none
    private var outstanding: [(sequence: UInt64, epoch: UInt64, sentAt: Instant, term: Nanoseconds)] = []
    /// From here on the ledger may count this incarnation as fenced.
    private var usableUntil: Instant = .min
    private var statedAt: Instant = .min / 2
    private var isHurried = false
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
        uses[index].ask(amount)
        uses[index].bucket.refill(uses[index].rate, slowedBy: clockRatePPM, at: now)
        if percent > 0, now < usableUntil, uses[index].bucket.covers(amount, uses[index].rate) { return .admit }
        uses[index].isRefused = true
        return .wait
    }

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

// MARK: - Echo

extension RateBuckets {
    /// Whether the ledger should hear from this node before the next echo is due: parts wait to be passed on, or a rate
    /// is asked for that was not in use.
    package func wantsEcho(at now: Instant) -> Bool { isHurried && now - statedAt >= 25 * .nanosecondsPerMillisecond }

    /// What goes with an echo that is sent at `now`.
    ///
    /// - Parameter term: how long the echo's lease can last at most, any grace included: shorter by ρ and margin than the
    ///   bound by which the ledger fences.
    package mutating func statement(term: Nanoseconds, at now: Instant) -> RateStatement {
        if now >= usableUntil { lapse(at: now) }
        for index in uses.indices.reversed() where uses[index].isOver { remove(index) }
        sequence += 1
        if outstanding.count == Limits.echoesOutstanding { outstanding.removeFirst() }
        outstanding.append((sequence, seen.epoch, now, term))
        statedAt = now
        isHurried = false
        return RateStatement(sequence: sequence, seen: seen, lines: uses.indices.map { uses[$0].state() })
    }

    /// Follows the ledger's answer. Returns false when it is not to a statement that is remembered, or older than one
    /// that was followed.
    @discardableResult
    package mutating func answered(_ reply: RateReply, at now: Instant) -> Bool {
        guard reply.stamp > seen, let sent = outstanding.first(where: { $0.sequence == reply.answers }) else { return false }
        outstanding.removeAll { $0.sequence <= reply.answers }
        if now >= usableUntil { lapse(at: now) }
        let isNewProcess = reply.stamp.epoch > seen.epoch
        seen = reply.stamp
        usableUntil = max(usableUntil, sent.sentAt + sent.term)
        let lines = Dictionary(reply.lines.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for index in uses.indices {
            if isNewProcess { uses[index].received = 0 }
            var line = lines[uses[index].id]
            // A process that had not been followed yet does not know what the one before it has said since.
            if let told = line, sent.epoch != reply.stamp.epoch { line!.share = min(told.share, uses[index].bucket.share) }
            if uses[index].follow(line, slowedBy: clockRatePPM, at: now) { isHurried = true }
            // It counts from nothing what comes back from here on.
            if isNewProcess { uses[index].returned = 0 }
        }
        return true
    }

    /// A use that has been given anything ends, and another one starts without: what is under way for it is void.
    private mutating func lapse(at now: Instant) {
        for index in uses.indices where uses[index].wasGiven {
            lastID += 1
            let old = uses[index]
            uses[index] = RateUse(id: lastID, key: old.key, rate: old.rate, at: now)
            uses[index].inherit(old)
        }
    }

    /// Ends every use, as when the view is rebuilt. Answers that are under way change nothing any more.
    package mutating func dropAll() {
        uses = []
        slots = [:]
        outstanding = []
        usableUntil = .min
        isHurried = false
    }

    private mutating func remove(_ index: Int) {
        slots[uses[index].key] = nil
        uses.swapAt(index, uses.count - 1)
        uses.removeLast()
        if index < uses.count { slots[uses[index].key] = Int32(index) }
    }
}
