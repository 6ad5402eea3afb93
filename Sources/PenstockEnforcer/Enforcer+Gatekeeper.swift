public import PenstockCore
internal import PenstockJournal
internal import PenstockNode
internal import Synchronization

extension Enforcer: Gatekeeper {
    public func check(_ call: Call, patience: Duration) async -> Decision {
        let arrivedAt = Clocks.now()
        let (seconds, attoseconds) = patience.components
        let deadline = arrivedAt + min(seconds, 3600) * .nanosecondsPerSecond + attoseconds / 1_000_000_000
        guard await awaitNews(call, arrivedAt, until: deadline) else { return Decision(reason: .budgetPending) }
        while true {
            let round = waiters.round
            let asked = Clocks.now()
            let ruling = decide(call, arrivedAt: arrivedAt)
            // The one answer that is not recorded: a slice is on its way.
            guard ruling.reason == .budgetPending else { return describe(ruling) }
            if let lack = refused(ruling, since: arrivedAt) { return deny(call, ruling, lack.reason, lack) }
            // What waits for no unit waits for a rate.
            if asked >= deadline { return deny(call, ruling, ruling.lacking < 0 ? .rateLimited : .budgetPending, nil) }
            await waiters.wait(after: round)
            // Nobody is there to hear it, so nothing is decided.
            if Task.isCancelled { return Decision(reason: .budgetPending) }
        }
    }

    /// Waits as long as news may change the answer. What is decided is recorded, so it must not be decided meanwhile:
    /// one call would fill the journal. One echo is asked for; if it is lost, the next comes by itself.
    ///
    /// - Returns: false when the caller has gone meanwhile.
    private func awaitNews(_ call: Call, _ arrivedAt: Instant, until deadline: Instant) async -> Bool {
        var isAsked = false
        while Clocks.now() < deadline {
            let round = waiters.round
            let waits = core.withLock { core in
                guard core.enforcement.awaitsNews(call, arrivedAt: arrivedAt, now: Clocks.now()) else { return false }
                if !isAsked {
                    core.echoWanted = true
                    signal(&core)
                }
                return true
            }
            guard waits else { return true }
            isAsked = true
            await waiters.wait(after: round)
            if Task.isCancelled { return false }
        }
        return true
    }

    private func refused(_ ruling: Ruling, since: Instant) -> Follower.Lack? {
        core.withLock { core in
            guard let refusal = core.refusals[ruling.lacking], refusal.at > since else { return nil }
            return refusal.lack.part.stands(forShortfall: ruling.shortfall, available: core.enforcement.purse.available(ruling.lacking)) ? refusal.lack : nil
        }
    }

    private func deny(_ call: Call, _ ruling: Ruling, _ reason: Reason, _ lack: Follower.Lack?) -> Decision {
        var pending = ruling.verdict
        if let lack { (pending.shortage, pending.retryAfter) = (.some(lack.shortage), lack.retryAfter) }
        let denied = core.withLock { core in
            let verdict = core.enforcement.deny(call, pending, reason, journal: Recorder(journal: journal))
            count(verdict, &core)
            return Ruling(verdict)
        }
        return describe(denied)
    }

    private func describe(_ ruling: Ruling) -> Decision {
        var decision = Decision(reason: ruling.reason, position: ruling.position)
        if ruling.sequence > 0 {
            decision.decisionID = Self.decisionID(incarnation, ruling.sequence)
            if ruling.isAllow { decision.permitID = permits.id(decision.decisionID) }
        }
        decision.viewAgeMS = ruling.viewAge < 0 || ruling.viewAge == .max ? -1 : ruling.viewAge / .nanosecondsPerMillisecond
        if ruling.isAllow { decision.validForMS = max(0, ruling.usableUntil - Clocks.now()) / .nanosecondsPerMillisecond }
        if ruling.reason == .budgetPending { decision.retryAfterMS = 200 }
        decision.shortage = ruling.shortage
        if ruling.reason == .rateLimited || ruling.retryAfter > 0 {
            decision.retryAfterMS = max(1, ruling.retryAfter / .nanosecondsPerMillisecond + (ruling.retryAfter % .nanosecondsPerMillisecond == 0 ? 0 : 1))
        }
        if ruling.reason == .busy { decision.retryAfterMS = 1000 }
        if ruling.reason == .staleView || ruling.reason == .noView { decision.retryAfterMS = 250 }
        guard ruling.grant >= 0 else { return decision }
        core.withLock { core in
            guard let view = core.enforcement.view else { return }
            let grant = view.grants[Int(ruling.grant)]
            decision.grantID = view.symbols.text(grant.grant)
            decision.runID = view.symbols.text(grant.run)
            for unit in view.rules[Int(grant.rules)].meteredUnits {
                let account = core.enforcement.purse.find(grant: Int(ruling.grant), unit: unit)
                if account >= 0 { decision.remaining.append(Amount(unit, core.enforcement.purse.available(account))) }
            }
        }
        return decision
    }

    static func decisionID(_ incarnation: Incarnation, _ sequence: UInt64) -> String { "\(incarnation)-\(sequence)" }

    /// The sequence of a decision whose permit this incarnation gave.
    private func sequence(ofPermit permitID: String) throws(HoldError) -> UInt64 {
        guard let decisionID = permits.decisionID(permitID) else {
            let giver = permitID.prefix { $0 != "-" }
            throw giver.count == incarnation.description.count && giver != incarnation.description ? .otherNode : .unknownHold
        }
        let parts = decisionID.split(separator: "-")
        guard parts.count == 2, parts[0] == incarnation.description, let sequence = UInt64(parts[1]) else { throw .unknownHold }
        return sequence
    }

    public func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        guard let actual = CallAmounts(declared: actual), priced.isWithinLimits else { throw .malformed }
        let decision = try sequence(ofPermit: permitID)
        try settle(decision, actual, priced)
        await told(decision)
    }

    /// A debt above the tolerance is at the ledger before its answer is heard, so that it outlives this node's disk: where the
    /// ledger answers in a moment. It is in the journal in any case.
    private func told(_ decision: UInt64) async {
        let deadline = Clocks.now() + Self.debtPatience
        while Clocks.now() < deadline, !Task.isCancelled {
            let round = waiters.round
            guard core.withLock({ $0.enforcement.halted == nil && $0.enforcement.owesForSettling(decision) }) else { return }
            await waiters.wait(after: round)
        }
    }

    private static var debtPatience: Nanoseconds { .nanosecondsPerSecond }

    func settle(_ decision: UInt64, _ actual: borrowing CallAmounts, _ priced: Priced) throws(HoldError) {
        // What a budget cannot be charged with would be lost once it was answered.
        guard actual.isWithinLimits else { throw .overLimit }
        try end(decision) { enforcement, decision throws(HoldError) in
            if let unit = enforcement.uncharged(decision, actual: actual) { throw .notCharged(unit) }
            return enforcement.settle(decision, actual: actual, priced: priced, journal: Recorder(journal: journal))
        }
    }

    public func release(_ permitID: String) async throws(HoldError) {
        try end(sequence(ofPermit: permitID)) { enforcement, decision in enforcement.release(decision, journal: Recorder(journal: journal)) }
    }

    func end(_ decision: UInt64, _ step: (inout Enforcement, UInt64) throws(HoldError) -> UInt64?) throws(HoldError) {
        let recorded = try core.withLock { core throws(HoldError) -> UInt64 in
            if let recorded = try step(&core.enforcement, decision) {
                if !core.enforcement.owing.isEmpty { signal(&core) }
                return recorded
            }
            switch core.enforcement.calls.end(of: decision) {
            case .settled: throw .alreadySettled
            case .released: throw .alreadyReleased
            case .overdue: throw .overdue
            case nil: throw .unknownHold
            }
        }
        if recorded == 0 { throw .unrecordable }
    }

    public func mayKnow(_ credential: Digest) -> Bool {
        core.withLock { $0.enforcement.mayKnow(credential) }
    }

    public func preview(_ call: Call) async -> Preview {
        let now = Clocks.now()
        let verdict = core.withLock { $0.enforcement.preview(call, now: now) }
        return Preview(reason: verdict.reason, validForMS: max(0, verdict.usableUntil - now) / .nanosecondsPerMillisecond)
    }

    public func cancellations() -> AsyncStream<Cancellation> { observers.subscribe() }
}

extension Enforcer: Observable {
    public func health() -> Health {
        core.withLock { core in
            Health(
                viewApplied: core.enforcement.view != nil, leaseHeld: core.enforcement.isFresh(at: Clocks.now()),
                journalWritable: !core.isUnwritable, halted: core.enforcement.halted)
        }
    }

    public func metrics() -> [Metric] {
        let room = journal.room
        let journalMetrics = [
            Metric("penstock_journal_bytes", "Journal segments in use, in bytes.", .gauge, value: Double(room.usedBytes)),
            Metric("penstock_journal_limit_bytes", "What the journal may use; when it is full, calls are denied as unrecordable.", .gauge, value: Double(room.limitBytes)),
            Metric("penstock_journal_disk_free_bytes", "What the journal's file system has left.", .gauge, value: Double(room.freeDiskBytes)),
        ]
        return journalMetrics + core.withLock { core in
            let now = Clocks.now()
            var metrics = Reason.allCases.map { reason in
                Metric(
                    "penstock_decisions_total", "Decisions by outcome and reason.", .counter,
                    labels: ["decision": reason == .none ? "allow" : "deny", "reason": reason.name], value: Double(core.decided[Int(reason.rawValue)]))
            }
            metrics.append(Metric("penstock_unrecorded_denials_total", "Denials that the journal could not take.", .counter, value: Double(core.unrecorded)))
            metrics.append(Metric("penstock_counted_denials_total", "Denials that are in a count and have no record of their own.", .counter, value: Double(core.enforcement.tally.total)))
            metrics.append(Metric("penstock_view_position", "Log position that the view has applied.", .gauge, value: Double(core.enforcement.view?.position ?? 0)))
            let age = core.enforcement.lease.age(at: now).map { Double($0) / 1e9 }
            metrics.append(Metric("penstock_view_age_seconds", "Upper bound of the view's age; -1 before the first lease.", .gauge, value: age ?? -1))
            metrics.append(Metric("penstock_ready", "1 while the node may allow.", .gauge, value: core.enforcement.isFresh(at: now) ? 1 : 0))
            metrics.append(Metric("penstock_grants", "Grants in the view.", .gauge, value: Double(core.enforcement.view?.grants.count ?? 0)))
            metrics.append(Metric("penstock_calls_held", "Calls under way.", .gauge, value: Double(core.enforcement.calls.holdCount)))
            metrics.append(Metric("penstock_debts_refused_total", "Debts that the ledger refused for good: nobody charges them.", .counter, value: Double(core.enforcement.debtsRefused)))
            metrics += core.enforcement.warnings.sorted { ($0.key.budget, $0.key.percent) < ($1.key.budget, $1.key.percent) }.map { warning, count in
                Metric(
                    "penstock_budget_warnings_total", "Times that a budget reached a percentage of its ceiling, since this node has followed the log.", .counter,
                    labels: ["budget": warning.budget, "percent": "\(warning.percent)"], value: Double(count))
            }
            return metrics
        }
    }
}
