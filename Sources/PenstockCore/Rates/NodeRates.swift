/// What the ledger has given one node of the rates that its calls fall under, in parts that its shards hold.
///
/// Laws:
/// - what the shards hold of a rate is what the node says that it holds, and never more than the ledger's last answer;
/// - a rate is dealt out only while no decision runs, so that no part and no token is in two places;
/// - parts are good only while the ledger knows of them: for `term` from the moment a statement was sent that the
/// ledger   has answered. When that has run out the ledger may have given them to others, so they are dropped, and are
/// never used   again even if a late answer renews the lease.
package struct NodeRates: Sendable {
    /// The node's use of one rate.
    struct Use: Sendable {
        let id: UInt64
        let key: RateKey
        var share: Int64 = 0
        /// Totals as in `RateStatement.Line`, and the grains that were given by the ledger process of the last answer.
        var received: UInt64 = 0
        var returned: UInt64 = 0
        var asked: UInt64 = 0
        /// Whether it has ever had parts.
        var wasGiven = false
        /// Statements that found it without parts and not asked for.
        var quiet = 0
    }

    var uses = ContiguousArray<Use>()
    var slots: [RateKey: Int] = [:]
    var lastID: UInt64 = 0
    private var sequence: UInt64 = 0
    private var seen = RateStamp.none
    private var outstanding: [(sequence: UInt64, epoch: UInt64, sentAt: Instant, term: Nanoseconds)] = []
    private var usableUntil: Instant = .min
    private var statedAt: Instant = .min / 2
    /// The ledger should hear from this node soon: see `wantsEcho`.
    private var isHurried = false

    package init() {}

    /// Whether the ledger should hear from this node before the next echo is due: parts wait to be passed on, or a rate
    /// is asked for that was not in use.
    ///
    /// Not while many statements are unanswered: over a slow link, a lease would forget the echoes that could renew it.
    package func wantsEcho(_ shards: Shards, at now: Instant) -> Bool {
        (isHurried || shards.indices.contains { shards[$0].rates.isHurried }) && now - statedAt >= Self.hurry
            && outstanding.count < Limits.echoesOutstanding / 4
    }

    private static let hurry: Nanoseconds = 25 * .nanosecondsPerMillisecond

    /// What goes with an echo that is sent at `now`.
    ///
    /// - Parameter term: how long the echo's lease can last at most, any grace included: shorter by ρ and margin than
    /// the   bound by which the ledger fences.
    package mutating func statement(_ shards: Shards, term: Nanoseconds, at now: Instant) -> RateStatement {
        if now >= usableUntil { lapse(shards, at: now) }
        forgetQuiet(shards)
        enroll(shards)
        sequence += 1
        if outstanding.count == Limits.echoesOutstanding { outstanding.removeFirst() }
        outstanding.append((sequence, seen.epoch, now, term))
        statedAt = now
        isHurried = false
        for shard in shards.indices {
            shards[shard].rates.isHurried = false
            shards[shard].rates.nextStatement = now + Self.hurry
        }
        return RateStatement(sequence: sequence, seen: seen, lines: uses.indices.map { line($0, shards) })
    }

    /// Follows the ledger's answer. Returns false when it is not to a statement that is remembered, or older than one
    /// that was followed.
    @discardableResult
    package mutating func answered(_ reply: RateReply, _ shards: Shards, at now: Instant) -> Bool {
        guard reply.stamp > seen, let sent = outstanding.first(where: { $0.sequence == reply.answers }) else {
            return false
        }
        outstanding.removeAll { $0.sequence <= reply.answers }
        if now >= usableUntil { lapse(shards, at: now) }
        let isNewProcess = reply.stamp.epoch > seen.epoch
        seen = reply.stamp
        usableUntil = max(usableUntil, sent.sentAt + sent.term)
        for shard in shards.indices { shards[shard].rates.usableUntil = usableUntil }
        let lines = Dictionary(reply.lines.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for index in uses.indices {
            if isNewProcess { uses[index].received = 0 }
            var line = lines[uses[index].id]
            // A process that had not been followed yet does not know what the one before it has said since.
            if let answer = line, sent.epoch != reply.stamp.epoch {
                line!.share = min(answer.share, uses[index].share)
            }
            if follow(index, line, shards, at: now) { isHurried = true }
            // It counts from nothing what comes back from here on.
            if isNewProcess { uses[index].returned = 0 }
        }
        return true
    }

    /// Ends every use, as when the view is rebuilt. Answers that are under way change nothing any more.
    package mutating func dropAll(_ shards: Shards) {
        (uses, slots, outstanding, usableUntil, isHurried) = ([], [:], [], .min, false)
        for shard in shards.indices { shards[shard].rates.dropAll() }
    }
}
