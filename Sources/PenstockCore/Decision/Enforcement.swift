/// The state by which one enforcement node decides: what all decisions read, and the shards that they change.
///
/// A decision changes one shard under the `NodeState`, in the order that `Shard.decide` has. What is here changes both,
/// with every decision kept away meanwhile. Time is an argument throughout.
package struct Enforcement: ~Copyable, Sendable {
    package internal(set) var node: NodeState
    package let shards: Shards
    package internal(set) var rates = NodeRates()
    /// How often each warning was in the log since this process has followed it.
    package internal(set) var warnings: [BudgetWarning: UInt64] = [:]
    /// How many debts the ledger has refused for good: nobody charges them.
    package internal(set) var debtsRefused: UInt64 = 0
    /// Ids from before a restart, of grants that the view has yet to reach, by the position of their events.
    private var idsToCome: [Position: [(decision: UInt64, call: Predecessors.Named)]] = [:]

    package struct BudgetWarning: Hashable, Sendable {
        package var budget: String
        /// Of its ceiling.
        package var percent: UInt32
    }

    package init(node: String, incarnation: Incarnation, audiences: [String], shards count: Int = 1) {
        self.node = NodeState(name: node, incarnation: incarnation, audiences: audiences)
        shards = Shards(count: count)
    }

    package var incarnation: Incarnation { node.incarnation }
    package var lease: Lease { node.lease }
    package var halted: String? { node.halted }
    /// Empty before the first snapshot.
    package var view: View { _read { yield node.view } }

    /// A view from a snapshot: it starts without a lease.
    package mutating func load(_ view: View) {
        node.view = view
        node.hasView = true
        node.symbol = node.view.intern(.node, node.name)
        for debt in owing { freeze(for: debt) }
        node.lease.drop()
        rates.dropAll(shards)
        idsToCome = [:]
        for shard in shards.indices { shards[shard].forgetView() }
    }

    package mutating func apply(_ event: Event, at position: Position) throws(FoldError) {
        guard node.hasView else { throw FoldError(position: position, problem: "there is no view to fold into") }
        let forgotten = grantsForgotten(by: event)
        do {
            try node.view.apply(event, at: position)
        } catch {
            halt(error.description)
            throw error
        }
        for (shard, grant) in forgotten { shards[shard].forget(grant: grant) }
        switch event.kind {
        case .rateCreated, .rateChanged, .rateClosed, .lifted: forgetRatesOfGrants()
        case .restricted(let restriction) where restriction.level.isThrottle: forgetRatesOfGrants()
        case .budgetCreated: for shard in shards.indices { shards[shard].coversCalls = [:] }
        case .grantIssued:
            if !idsToCome.isEmpty, let names = idsToCome.removeValue(forKey: position) { remember(names) }
        case .budgetCeilingSet, .budgetChanged: makeRoom()
        case .debtRecorded(let debt): noteRecorded(debt)
        case .debtsAccepted, .debtSettled:
            makeRoom()
            // Whoever accepted has not seen these.
            for debt in owing { freeze(for: debt) }
        default: break
        }
        node.lease.reached(position)
    }

    /// Returns whether it stands in the view now, ahead of the log.
    package mutating func applyAhead(_ event: Event, at position: Position) -> Bool {
        guard node.hasView, node.view.applyAhead(event, at: position) else { return false }
        forgetRatesOfGrants()
        return true
    }

    /// Denies everything from here on.
    package mutating func halt(_ why: String) {
        node.halted = node.halted ?? why
        node.lease.drop()
        rates.dropAll(shards)
    }

    private func grantsForgotten(by event: Event) -> [(shard: Int, grant: Int)] {
        guard case .forgotten(let forgetting) = event.kind else { return [] }
        return forgetting.grants.compactMap { node.view.index(issuedAt: $0) }.map { (shard(ofGrant: $0), $0) }
    }

    private mutating func forgetRatesOfGrants() {
        for shard in shards.indices { shards[shard].ratesOfGrant = [:] }
    }

    // MARK: The lease

    package mutating func echoSent(nonce: UInt64, at now: Instant) {
        node.lease.sent(nonce: nonce, under: node.view.settings, at: now)
    }

    /// What goes with an echo: it says which parts of which rates are used here.
    package mutating func rateStatement(at now: Instant) -> RateStatement {
        let settings = node.view.settings
        for shard in shards.indices { shards[shard].rates.clockRatePPM = settings.clockRatePPM }
        return rates.statement(
            shards, term: settings.maxStaleness + Nanoseconds(settings.maxGraceMS) * .nanosecondsPerMillisecond, at: now
        )
    }

    package mutating func echoAnswered(_ reply: EchoReply, at now: Instant) -> Lease.Outcome {
        guard node.halted == nil, node.hasView else { return .dropUnknownNonce }
        let outcome = node.lease.received(reply, applied: node.view.position, at: now)
        if let parts = reply.rates, outcome != .dropUnknownNonce, outcome != .dropOldEpoch {
            rates.answered(parts, shards, at: now)
        }
        return outcome
    }

    package func isFresh(at now: Instant) -> Bool { node.isFresh(at: now) }

    // MARK: Call ids of before a restart

    /// Ids that earlier incarnations of this node have settled, or left to be charged: each goes to its grant's shard.
    mutating func remember(_ names: [(decision: UInt64, call: Predecessors.Named)]) {
        for (decision, call) in names {
            guard let grant = node.view.index(issuedAt: call.grant) else {
                // A snapshot may be older than the grant: its event follows.
                if call.grant > node.view.position { idsToCome[call.grant, default: []].append((decision, call)) }
                continue
            }
            let shard = shards.number(of: node.view.grants[grant].credential)
            shards[shard].remember(.init(grant: Int32(grant), callID: call.callID), decision: decision)
        }
    }
}

extension Enforcement {
    /// A slice that nobody asked the ledger for.
    package mutating func fund(grant: Int, unit: String, amount: Int64, slice: Position) {
        let shard = shard(ofGrant: grant)
        let account = shards[shard].purse.open(grant: grant, unit: unit)
        shards[shard].purse.lack(amount, account)
        while let reserve = shards[shard].purse.nextReserve(at: 0, requestID: .unknown) {
            _ = shards[shard].purse.answered(
                reserve, granted: [.init(slice: slice, unit: unit, amount: amount)], refused: [])
        }
    }

    package func shard(ofGrant index: Int) -> Int { shards.number(of: node.view.grants[index].credential) }
}
