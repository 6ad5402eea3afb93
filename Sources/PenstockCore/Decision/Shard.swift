/// What decisions of a part of the grants change: their slices, their calls under way, their parts of the rates.
///
/// A grant belongs to one shard for life (`Shards.number`). Budgets are shared at the ledger only: each shard has
/// slices of its own. Whoever uses a shard has it alone meanwhile, and the `NodeState` that it is lent does not change.
package struct Shard: ~Copyable, Sendable {
    private let inPlace = InPlace()
    package let number: Int32
    package internal(set) var purse: Purse
    package internal(set) var calls: CallTable
    package internal(set) var tally: DenialTally
    package var rates = RateParts()
    package internal(set) var counts = DecisionCounts()
    /// Debts that the ledger has not recorded yet.
    package internal(set) var owing: [Debt] = []
    /// Some of `owing` has not frozen its grant in the view yet.
    package internal(set) var hasToFreeze = false
    /// Why the ledger refused a slice last, by account.
    var refusals: [Int32: (lack: Follower.Lack, at: Instant)] = [:]
    var shares = JournalShares()
    /// Of grants that were asked for lately, by their index.
    var ratesOfGrant: [Int: [(key: RateKey, rate: Rate)]] = [:]
    /// Whether a budget that covers a grant by its selector is one of calls, of grants that were asked for lately.
    var coversCalls: [Int: Bool] = [:]
    // Of the last `prepare`; their memory is kept from decision to decision.
    var ratesUsed: [RateUsed] = []
    var ratesTaken: [RateParts.Taken] = []
    var ratePercent: Int64 = 100
    /// What it took from slices: nothing, unless it allowed.
    package internal(set) var debits: [Debit] = []

    init(_ number: Int, of count: Int) {
        self.number = Int32(number)
        purse = Purse(shard: Int32(number))
        calls = CallTable(oneOf: count)
        tally = DenialTally(oneOf: count)
    }

    /// The view is another one: grants have other indices.
    mutating func forgetView() {
        ratesOfGrant = [:]
        coversCalls = [:]
        shares.forget()
    }

    /// The view forgets a grant, and its index goes to another one: nothing here may be taken for that one's. A hold
    /// that is open all the same is charged in full, as a restart would.
    mutating func forget(grant: Int) {
        for hold in calls.forget(grant: Int32(grant)) {
            for debit in hold.debits { purse.resolve(debit, spent: debit.amount, wasHeld: true) }
        }
        for account in purse.forget(grant: grant) { refusals[account] = nil }
        ratesOfGrant[grant] = nil
        coversCalls[grant] = nil
        shares.forget(grant: Int32(grant))
    }

    /// Something was left for the network thread: slices or parts of rates to ask for, a debt to tell.
    @inline(__always)
    package func wantsTurn(at now: @autoclosure () -> Instant) -> Bool {
        purse.wantsReserve || rates.wantsTurn(at: now()) || hasToFreeze
    }

    /// Whether a call lacks what other shards may have of a rate.
    package func lacksParts(_ verdict: Verdict) -> Bool {
        verdict.reason == .budgetPending && verdict.lacking < 0 && rates.wantsParts
    }

    /// Why the ledger refused, since a time, what a call lacks that was told `budget_pending`.
    package func refusal(of verdict: Verdict, since: Instant) -> Follower.Lack? {
        guard let refusal = refusals[verdict.lacking], refusal.at > since else { return nil }
        let covers = refusal.lack.part.covers(
            shortfall: verdict.shortfall, available: purse.available(verdict.lacking))
        return covers ? refusal.lack : nil
    }

    /// Whether a call owes more than the tolerance, and the ledger has not said that it knows.
    package func owes(for decision: UInt64, under node: borrowing NodeState) -> Bool {
        for debt in owing where debt.decision == decision && node.view.freezes(debt) { return true }
        return false
    }

    /// The grant of a call under way, or -1.
    package func grant(ofHold decision: UInt64) -> Int32 { calls.place(decision).map { calls.grant(at: $0) } ?? -1 }

    /// The ledger has recorded a debt, or refused it for good.
    mutating func forget(_ debt: Debt) { owing.removeAll { $0 == debt } }
}
