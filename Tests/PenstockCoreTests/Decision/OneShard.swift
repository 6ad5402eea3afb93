internal import PenstockCore

/// A node with one shard, asked as if there were nothing else.
extension Enforcement {
    var purse: Purse { shards[0].purse }
    var debits: [Debit] { shards[0].debits }
    var calls: CallTable { shards[0].calls }
    var tally: DenialTally { shards[0].tally }

    mutating func prepare(_ call: Call, arrivedAt: Instant, now: Instant) -> Verdict {
        shards[0].prepare(call, arrivedAt: arrivedAt, under: node, now: now)
    }

    mutating func confirm(_ verdict: inout Verdict, held: Bool, now: Instant) -> Bool {
        shards[0].confirm(&verdict, held: held, now: now)
    }

    mutating func undo(held: Bool) { shards[0].undo(held: held) }

    mutating func deny(_ call: Call, _ pending: Verdict, _ reason: Reason, journal: some DecisionJournal) -> Verdict {
        shards[0].deny(call, pending, reason, under: node, journal: journal)
    }

    mutating func beginHold(
        _ verdict: Verdict, _ call: Call, decision: UInt64, name: CallTable.CallName?, content: Digest
    ) {
        shards[0].beginHold(verdict, call, decision: decision, name: name, content: content)
    }

    mutating func rememberSettled(_ name: CallTable.CallName, content: Digest, decision: UInt64) {
        shards[0].rememberSettled(name, content: content, decision: decision)
    }

    func earlier(_ call: Call, grant: Int32, content: Digest) -> Shard.Retry {
        shards[0].earlier(call, grant: grant, content: content)
    }

    func uncharged(_ decision: UInt64, actual: CallAmounts) -> String? {
        shards[0].uncharged(decision, actual: actual, under: node)
    }

    mutating func settle(_ decision: UInt64, actual: CallAmounts) -> Shard.Settlement? {
        shards[0].settle(decision, actual: actual, under: node)
    }

    mutating func settle(
        _ decision: UInt64, actual: CallAmounts, priced: Priced = .none, journal: some DecisionJournal
    ) -> UInt64? {
        settle(decision, in: 0, actual: actual, priced: priced, journal: journal)
    }

    mutating func release(_ decision: UInt64) -> HoldEnd? { shards[0].release(decision, under: node) }

    mutating func release(_ decision: UInt64, journal: some DecisionJournal) -> UInt64? {
        release(decision, in: 0, journal: journal)
    }

    mutating func reported(_ uses: [Int32: [SliceReport.Use]]) {
        for (account, uses) in uses { reported([AccountID(shard: 0, number: account): uses]) }
    }
}
