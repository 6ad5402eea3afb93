/// What a node says of its rates with an echo, and what it makes of the answer.
extension RateBuckets {
    /// Whether the ledger should hear from this node before the next echo is due: parts wait to be passed on, or a rate
    /// is asked for that was not in use.
    ///
    /// Not while many statements are unanswered: over a slow link, a lease would forget the echoes that could renew it.
    package func wantsEcho(at now: Instant) -> Bool {
        isHurried && now - statedAt >= 25 * .nanosecondsPerMillisecond && outstanding.count < Limits.echoesOutstanding / 4
    }

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
