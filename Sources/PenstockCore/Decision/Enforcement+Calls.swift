/// What concerns the calls of all shards. Whatever is asked of one grant is asked of its shard.
extension Enforcement {
    package func shard(of call: borrowing Call) -> Int { shards.number(of: call.credential) }

    /// Decides one call in its grant's shard: see `Shard.decide`. What that shard lacks of a rate and others have comes
    /// first.
    package mutating func decide(_ call: borrowing Call, arrivedAt: Instant?, journal: some DecisionJournal) -> Verdict
    {
        let shard = shard(of: call)
        let verdict = shards[shard].decide(call, arrivedAt: arrivedAt, under: node, journal: journal)
        guard shards[shard].lacksParts(verdict) else { return verdict }
        dealRates(at: journal.now)
        return shards[shard].decide(call, arrivedAt: arrivedAt, under: node, journal: journal)
    }

    /// Moves parts of rates to the shards whose calls lack some. Returns whether any have moved.
    @discardableResult
    package mutating func dealRates(at now: Instant) -> Bool { rates.dealToLacking(shards, at: now) }

    /// Charges an allowed call that held, in the shard that holds it: see `Shard.settle`. What it owes above that
    /// freezes its grant in every shard.
    package mutating func settle(
        _ decision: UInt64, in shard: Int, actual: borrowing CallAmounts, priced: Priced = .none,
        journal: some DecisionJournal
    ) -> UInt64? {
        let sequence = shards[shard].settle(decision, actual: actual, priced: priced, under: node, journal: journal)
        freezeDebts()
        return sequence
    }

    /// As above, for a call that never left.
    package mutating func release(_ decision: UInt64, in shard: Int, journal: some DecisionJournal) -> UInt64? {
        shards[shard].release(decision, under: node, journal: journal)
    }

    /// Calls under way whose grants are revoked or suspended now: they must stop. Each is named once.
    package mutating func cancelRestricted() -> [Shard.Cancelled] {
        shards.indices.flatMap { shards[$0].cancelRestricted(under: node) }.sorted { $0.decision < $1.decision }
    }

    /// Ends holds that have been open for too long, some of each shard at a time. Returns how many.
    package mutating func endOverdue(at now: Instant, journal: some DecisionJournal) -> Int {
        shards.indices.reduce(0) { $0 + shards[$1].endOverdue(at: now, under: node, journal: journal) }
    }

    /// How often an answer was given.
    package func answered(_ reason: Reason) -> UInt64 { shards.indices.reduce(0) { $0 + shards[$1].counts[reason] } }

    /// Denials that the journal could not take.
    package var unrecorded: UInt64 { shards.indices.reduce(0) { $0 + shards[$1].counts.unrecorded } }

    /// Some shard's last record could not be written.
    package var isUnwritable: Bool { shards.indices.contains { shards[$0].counts.isUnwritable } }

    /// Whether the journal takes records again, for shards that do not find out by a decision.
    package mutating func noteWritable(_ isWritable: Bool) {
        for shard in shards.indices { shards[shard].counts.isUnwritable = !isWritable }
    }

    package var holdCount: Int { shards.indices.reduce(0) { $0 + shards[$1].calls.holdCount } }

    /// Denials that were counted since the process started, and those of them that no record tells of yet.
    package var countedDenials: (total: UInt64, waiting: UInt64) {
        shards.indices.reduce((0, 0)) { ($0.0 + shards[$1].tally.total, $0.1 + shards[$1].tally.waiting) }
    }

    /// Writes down what was counted, once its slice of time has ended.
    package mutating func recordCounts(at now: Instant, journal: some DecisionJournal) {
        for shard in shards.indices { shards[shard].recordCounts(at: now, journal: journal) }
    }

    /// The last chance to write down what was counted, at a clean stop.
    package mutating func recordLastCounts(at now: Instant, journal: some DecisionJournal) {
        for shard in shards.indices { shards[shard].recordLastCounts(at: now, journal: journal) }
    }
}
