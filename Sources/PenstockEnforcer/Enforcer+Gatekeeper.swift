public import PenstockCore
public import PenstockGatekeeper
internal import PenstockJournal
internal import PenstockSystem
internal import Synchronization

extension Enforcer: Gatekeeper {
    public func check(_ call: Call, patience: Duration) async -> Decision {
        let arrivedAt = Clocks.now()
        let (seconds, attoseconds) = patience.components
        let deadline = arrivedAt + min(seconds, 3600) * .nanosecondsPerSecond + attoseconds / 1_000_000_000
        var (asksForEcho, mayDeal) = (true, true)
        while true {
            switch step(call, arrivedAt, deadline, &asksForEcho, mayDeal: mayDeal) {
            case .answer(let verdict, let facts): return describe(verdict, facts)
            case .deal:
                dealRates()
                mayDeal = false
            case .wait(let ticket):
                signal()
                await waiters.wait(ticket)
                mayDeal = true
            }
            // Nobody is there to hear it, so nothing is decided.
            if Task.isCancelled { return Decision(reason: .budgetPending) }
        }
    }

    private enum Step {
        case answer(Verdict, Facts)
        /// Other shards may have what it lacks of a rate.
        case deal
        case wait(Waiters.Ticket)
    }

    /// What an answer tells of the grant and its slices.
    private struct Facts {
        var grantID = ""
        var runID = ""
        var remaining: [Amount] = []
        /// Of what it holds.
        var endsAt: Instant?
    }

    /// Decides, or takes a ticket to wait with: all that is to be looked up of one call, in one hold of its shard.
    ///
    /// As long as news may change the answer, nothing is decided: what is decided is recorded, and one call would fill
    /// the journal. One echo is asked for; if it is lost, the next comes by itself. Where too many wait, it is denied.
    private func step(
        _ call: Call, _ arrivedAt: Instant, _ deadline: Instant, _ asksForEcho: inout Bool, mayDeal: Bool
    ) -> Step {
        let shard = shards.number(of: call.credential)
        let wantsEcho = asksForEcho
        var wantsTurn = false
        let step = state.withShard(shard) { enforcement -> Step in
            let now = Clocks.now()
            let recorder = Recorder(journal, lane: shard)
            if now < deadline, enforcement.node.awaitsNews(call, arrivedAt: arrivedAt, now: now) {
                if let ticket = waiters.ticket(for: .view, of: call.credential, until: deadline, at: now) {
                    if wantsEcho { isEchoWanted.store(true, ordering: .releasing) }
                    return .wait(ticket)
                }
                var verdict = enforcement.node.preview(call, now: now)
                verdict.grant = enforcement.node.view.index(of: call.credential).map(Int32.init) ?? -1
                verdict = enforcement.shards[shard].deny(
                    call, verdict, .busy, under: enforcement.node, journal: recorder)
                return .answer(verdict, Self.facts(verdict, enforcement, shard))
            }
            var verdict = enforcement.shards[shard].decide(
                call, arrivedAt: arrivedAt, under: enforcement.node, journal: recorder)
            if mayDeal, enforcement.shards[shard].lacksParts(verdict) { return .deal }
            if verdict.reason == .budgetPending {
                let lack = enforcement.shards[shard].refusal(of: verdict, since: arrivedAt)
                let mayWait = lack == nil && now < deadline
                let topic: NodeNews = verdict.lacking < 0 ? .rates : .slices(grant: verdict.grant)
                if mayWait, let ticket = waiters.ticket(for: topic, of: call.credential, until: deadline, at: now) {
                    return .wait(ticket)
                }
                if let lack { (verdict.shortageBox, verdict.retryAfter) = (.some(lack.shortage), lack.retryAfter) }
                // What waits for no unit waits for a rate.
                let reason =
                    mayWait ? .busy : lack?.reason ?? (verdict.lacking < 0 ? .rateLimited : .budgetPending)
                verdict = enforcement.shards[shard].deny(
                    call, verdict, reason, under: enforcement.node, journal: recorder)
            }
            wantsTurn = enforcement.shards[shard].wantsTurn(at: now)
            return .answer(verdict, Self.facts(verdict, enforcement, shard))
        }
        if wantsTurn { signal() }
        if case .wait = step { asksForEcho = false }
        return step
    }

    private static func facts(_ verdict: Verdict, _ enforcement: borrowing Enforcement, _ shard: Int) -> Facts {
        guard verdict.grant >= 0 else { return Facts() }
        let grant = enforcement.node.view.grants[Int(verdict.grant)]
        var facts = Facts()
        facts.grantID = enforcement.node.view.symbols.text(grant.grant)
        facts.runID = enforcement.node.view.symbols.text(grant.run)
        if verdict.isAllow { facts.endsAt = enforcement.shards[shard].calls.endsAt(verdict.sequence) }
        for unit in enforcement.node.view.rules[Int(grant.rules)].meteredUnits {
            let account = enforcement.shards[shard].purse.find(grant: Int(verdict.grant), unit: unit)
            if account >= 0 { facts.remaining.append(Amount(unit, enforcement.shards[shard].purse.available(account))) }
        }
        return facts
    }

    private func describe(_ verdict: Verdict, _ facts: Facts) -> Decision {
        var decision = Decision(reason: verdict.reason, position: verdict.position)
        if verdict.sequence > 0 {
            decision.decisionID = Self.decisionID(incarnation, verdict.sequence)
            if verdict.isAllow { decision.permitID = permits.id(decision.decisionID, in: Int(verdict.shard)) }
        }
        decision.viewAgeMS =
            verdict.viewAge < 0 || verdict.viewAge == .max ? -1 : verdict.viewAge / .nanosecondsPerMillisecond
        if verdict.isAllow {
            let now = Clocks.now()
            decision.validForMS = max(0, verdict.usableUntil - now) / .nanosecondsPerMillisecond
            if let end = facts.endsAt { decision.openForMS = max(0, end - now) / .nanosecondsPerMillisecond }
        }
        if verdict.reason == .budgetPending { decision.retryAfterMS = 200 }
        decision.shortage = verdict.shortage
        if verdict.reason == .rateLimited || verdict.retryAfter > 0 {
            decision.retryAfterMS = max(
                1,
                verdict.retryAfter / .nanosecondsPerMillisecond
                    + (verdict.retryAfter % .nanosecondsPerMillisecond == 0 ? 0 : 1))
        }
        if verdict.reason == .busy { decision.retryAfterMS = 1000 }
        if verdict.reason == .staleView || verdict.reason == .noView { decision.retryAfterMS = 250 }
        (decision.grantID, decision.runID, decision.remaining) = (facts.grantID, facts.runID, facts.remaining)
        return decision
    }

    static func decisionID(_ incarnation: Incarnation, _ sequence: UInt64) -> String { "\(incarnation)-\(sequence)" }

    public func mayKnow(_ credential: Digest) -> Bool {
        state.withShard(shards.number(of: credential)) { $0.node.mayKnow(credential) }
    }

    public func preview(_ call: Call) async -> Preview {
        let now = Clocks.now()
        let verdict = state.withShard(shards.number(of: call.credential)) { $0.node.preview(call, now: now) }
        return Preview(
            reason: verdict.reason, validForMS: max(0, verdict.usableUntil - now) / .nanosecondsPerMillisecond)
    }

    public func cancellations() -> AsyncStream<Cancellation> { observers.subscribe() }
}
