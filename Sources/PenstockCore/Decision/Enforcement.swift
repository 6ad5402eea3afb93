/// The state by which one enforcement node decides: its view, its lease, its slices, its calls under way.
///
/// A decision is three steps under one lock: `prepare` checks and takes from the slices, the shell records what was
/// decided, and `confirm` looks at the lease once more as the answer leaves. Time is an argument throughout.
package struct Enforcement: Sendable {
    package let node: String
    package let incarnation: Incarnation
    /// Destination services that this node stands before; a grant for another one is refused.
    package let audiences: [String]
    /// Nil before the first snapshot.
    package var view: View? { hasView ? folded : nil }
    /// What `view` holds, empty while it is nil. Decisions read it in place: an optional's payload would be copied.
    package private(set) var folded = View()
    private(set) var hasView = false
    package internal(set) var lease = Lease()
    package internal(set) var purse = Purse()
    package internal(set) var calls = CallTable()
    /// How often each warning was in the log since this process has followed it.
    package internal(set) var warnings: [BudgetWarning: UInt64] = [:]
    /// Debts that the ledger has not recorded yet.
    package internal(set) var owing: [Debt] = []
    /// How many the ledger has refused for good: nobody charges them.
    package internal(set) var debtsRefused: UInt64 = 0
    package internal(set) var tally = DenialTally()
    var shares = JournalShares()
    /// Why the node must not serve until it is restarted or an operator decides; nil in health.
    package internal(set) var halted: String?
    private(set) var nodeSymbol: Symbol = 0
    package internal(set) var rates = RateBuckets()
    /// Of grants that were asked for lately, by their index.
    var ratesOfGrant: [Int: [(key: RateKey, rate: Rate)]] = [:]
    /// Whether a budget that covers a grant by its selector is one of calls, of grants that were asked for lately.
    var coversCalls: [Int: Bool] = [:]
    /// Ids from before a restart, of grants that the view has yet to reach, by the position of their events.
    var idsToCome: [Position: [(decision: UInt64, call: Predecessors.Named)]] = [:]
    /// Of the last `prepare`; their memory is kept, as that of `debits` is.
    var ratesUsed: [RateUsed] = []
    var ratesTaken: [RateBuckets.Taken] = []
    var ratePercent: Int64 = 100
    /// What the last `prepare` took: nothing, unless it allowed. Its memory is kept from decision to decision.
    package internal(set) var debits: [Debit] = []

    package struct BudgetWarning: Hashable, Sendable {
        package var budget: String
        /// Of its ceiling.
        package var percent: UInt32
    }

    package init(node: String, incarnation: Incarnation, audiences: [String]) {
        self.node = node
        self.incarnation = incarnation
        self.audiences = audiences
    }

    /// A view from a snapshot: it starts without a lease.
    package mutating func load(_ view: View) {
        folded = view
        hasView = true
        nodeSymbol = folded.intern(.node, node)
        for debt in owing { freeze(for: debt) }
        lease.drop()
        rates.dropAll()
        ratesOfGrant = [:]
        coversCalls = [:]
        idsToCome = [:]
        shares.forget()
    }

    package mutating func apply(_ event: Event, at position: Position) throws(FoldError) {
        guard hasView else { throw FoldError(position: position, problem: "there is no view to fold into") }
        do {
            try folded.apply(event, at: position)
        } catch {
            halt(error.description)
            throw error
        }
        switch event.kind {
        case .rateCreated, .rateChanged, .rateClosed, .lifted: ratesOfGrant = [:]
        case .restricted(let restriction) where restriction.level.isThrottle: ratesOfGrant = [:]
        case .budgetCreated: coversCalls = [:]
        case .grantIssued:
            if !idsToCome.isEmpty, let names = idsToCome.removeValue(forKey: position) { remember(names) }
        case .budgetCeilingSet, .budgetChanged: purse.makeRoom()
        case .debtRecorded(let debt): wasOwed(debt)
        case .debtsAccepted, .debtSettled:
            purse.makeRoom()
            // Whoever accepted has not seen these.
            for debt in owing { freeze(for: debt) }
        default: break
        }
        lease.reached(position)
    }

    /// Returns whether it was new.
    package mutating func applyAhead(_ event: Event, at position: Position) -> Bool {
        guard hasView, folded.applyAhead(event, at: position) else { return false }
        ratesOfGrant = [:]
        return true
    }

    /// Denies everything from here on.
    package mutating func halt(_ why: String) {
        halted = halted ?? why
        lease.drop()
        rates.dropAll()
    }

    package mutating func echoSent(nonce: UInt64, at now: Instant) {
        lease.sent(nonce: nonce, under: folded.settings, at: now)
    }

    /// What goes with an echo: it says which parts of which rates are used here.
    package mutating func rateStatement(at now: Instant) -> RateStatement {
        rates.clockRatePPM = folded.settings.clockRatePPM
        return rates.statement(term: folded.settings.maxStaleness + Nanoseconds(folded.settings.maxGraceMS) * .nanosecondsPerMillisecond, at: now)
    }

    package mutating func echoAnswered(_ reply: EchoReply, at now: Instant) -> Lease.Outcome {
        guard halted == nil, hasView else { return .dropUnknownNonce }
        let outcome = lease.received(reply, applied: folded.position, at: now)
        if let told = reply.rates, outcome != .dropUnknownNonce, outcome != .dropOldEpoch { rates.answered(told, at: now) }
        return outcome
    }

    package func isFresh(at now: Instant) -> Bool {
        guard halted == nil, hasView, let age = lease.age(at: now) else { return false }
        return age < min(folded.settings.maxStaleness, lease.bounds.staleness)
    }

    /// What a call that waits for a slice is told when the ledger refused one. Nothing is final while a call under way
    /// may still give back, or while the ledger did not know of all that was given back.
    package func reason(_ refusal: SliceAnswer.Refused, of part: Purse.Reserve.Part) -> Reason {
        let asker = purse.account(part.account)
        switch refusal.code {
        case .budgetExhausted, .budgetHeldElsewhere:
            // What not even all that is out would do for, calls under way included, can never pass.
            if let most = refusal.couldGet, part.amount > most - asker.untold { return .budgetExhausted }
            if refusal.code == .budgetHeldElsewhere { return .budgetHeldElsewhere }
            let mayReturn = asker.hasMoreThanLedgerKnew || asker.available > part.amount - part.need || asker.slices.contains { $0.held > 0 }
            return mayReturn ? .budgetHeldElsewhere : .budgetExhausted
        case .budgetFrozen: return .budgetFrozen
        case .budgetClosed: return .budgetClosed
        case .revoked: return .revoked
        default: return .budgetPending
        }
    }

    /// What the ledger said of the limit, less what it does not know to be spent here.
    package func shortage(_ refusal: SliceAnswer.Refused, of part: Purse.Reserve.Part) -> Shortage {
        let asker = purse.account(part.account)
        return Shortage(
            .budget, refusal.budget, unit: asker.unit, couldGet: refusal.couldGet.map { max(0, $0 - asker.untold) },
            heldHere: max(0, refusal.heldHere - asker.untold), heldElsewhere: refusal.heldElsewhere)
    }

    /// A part of a request was refused for good. Windows open only when the ledger is asked: those that have some ask on.
    mutating func exhaust(_ lack: Follower.Lack, of reserve: Purse.Reserve, at now: Instant) {
        let levels = folded.levels(ofGrant: Int(reserve.grant), unit: purse.account(lack.part.account).unit)
        let hasWindow = levels.contains { if case .named(let name) = $0 { folded.budget(name)?.window != BudgetWindow.none } else { false } }
        if !hasWindow { purse.exhaust(lack, of: reserve, at: now) }
    }

    /// The ledger has taken a report.
    package mutating func reported(_ uses: [Int32: [SliceReport.Use]]) {
        for (account, uses) in uses { purse.reported(uses, of: account) }
    }

    /// Gives back the slices of accounts whose grants are revoked, scanning some accounts from `start`. Returns where the
    /// next scan begins.
    package mutating func closeRevoked(from start: Int, scan: Int) -> Int {
        guard hasView else { return purse.count }
        let end = min(start + scan, purse.count)
        for index in start..<max(start, end) where folded.marks(onGrant: Int(purse.accounts[index].grant)).contains(.revoked) {
            purse.giveBack(account: Int32(index))
        }
        return end
    }

    /// Gives back what is unspent of a grant's unit, and tells what is spent: the ledger can hand out no more before.
    package mutating func recall(grantID: String, unit: String) {
        guard let grant = folded.index(ofGrant: grantID) else { return }
        let account = purse.find(grant: grant, unit: unit)
        guard account >= 0 else { return }
        purse.giveBack(account: account)
        purse.tell(account: account)
    }

    /// The ledger has recorded a debt.
    package mutating func owed(_ debt: Debt) { owing.removeAll { $0 == debt } }

    /// Whether a call owes more than the tolerance, and the ledger has not said that it knows.
    package func owesForSettling(_ decision: UInt64) -> Bool { owing.contains { $0.decision == decision && folded.freezes($0) } }

    /// A debt whose event the log may not have yet: its grant's calls are denied at once.
    mutating func freeze(for debt: Debt) {
        if folded.freezes(debt) { folded.freeze(debt.grantID) }
    }

    /// The ledger has recorded a debt, now or before. If an operator has accepted it since, or a tolerance covers it, nothing
    /// freezes its grant here.
    mutating func wasOwed(_ debt: Debt) {
        owed(debt)
        if !owing.contains(where: { $0.grantID == debt.grantID && folded.freezes($0) }) { folded.thaw(debt.grantID) }
    }

    /// How much is used of each slice that the ledger counts as open, holds included, some at a time: records that stand
    /// for all before them. Nil past the last one.
    package func carried(from place: inout CarryPlace) -> DecisionRecord? {
        var record = DecisionRecord(kind: .carried)
        while place.account < purse.count, record.debits.count < Self.carriedPerRecord {
            record.debits += purse.account(Int32(place.account)).slices.map { .init(slice: $0.id, used: $0.used) }
            place.account += 1
        }
        if place.account == purse.count, record.debits.count < Self.carriedPerRecord {
            let unclosed = purse.unclosed(limit: .max).dropFirst(place.unclosed).prefix(Self.carriedPerRecord)
            record.debits += unclosed
            place.unclosed += unclosed.count
        }
        return record.debits.isEmpty ? owedAgain(from: &place) : record
    }

    private func owedAgain(from place: inout CarryPlace) -> DecisionRecord? {
        guard place.owing < owing.count else { return nil }
        let debt = owing[place.owing]
        place.owing += 1
        var record = DecisionRecord(kind: .owedAgain)
        (record.decision, record.amounts) = (debt.decision, debt.amounts)
        record.grant = folded.index(ofGrant: debt.grantID).map { folded.grants[$0].position } ?? 0
        return record
    }

    /// How far `carried` has come.
    package struct CarryPlace: Sendable {
        fileprivate var account = 0
        fileprivate var unclosed = 0
        fileprivate var owing = 0
        package init() {}
    }

    private static let carriedPerRecord = 1000

    /// Gives up every slice for good, as a clean stop does.
    package mutating func closeAll() {
        for account in 0..<purse.count { purse.close(account: Int32(account)) }
    }
}

extension Enforcement {
    /// A slice that nobody asked the ledger for.
    package mutating func fund(grant: Int, unit: String, amount: Int64, slice: Position) {
        let account = purse.open(grant: grant, unit: unit)
        purse.lack(amount, account)
        while let reserve = purse.nextReserve(at: 0, requestID: .unknown) {
            _ = purse.answered(reserve, granted: [.init(slice: slice, unit: unit, amount: amount)], refused: [])
        }
    }
}
