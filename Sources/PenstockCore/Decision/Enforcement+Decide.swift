/// What a decision came to, before anyone has heard it. What it took is in `Enforcement.debits`.
package struct Verdict: Sendable {
    package var reason: Reason
    /// The grant's index in the view, or -1 where none was found.
    package var grant: Int32
    package var position: Position
    package var viewAge: Nanoseconds
    /// The answer must not be used later than this.
    package var usableUntil: Instant
    /// Of the first unit that lacks; the rest of the call waits for it.
    package var lacking: Int32 = -1
    package var shortfall: Int64 = 0
    /// For a rate that has no room now: when it may have, as far as this node knows.
    package var retryAfter: Nanoseconds = 0
    /// Of the decision's record; 0 when it is not recorded.
    package var sequence: UInt64 = 0
    /// The journal could not take its record.
    package var isUnwritable = false
    /// What it takes of the unit `calls`, where that is metered; whatever the call says, it is one.
    package var calls: Int64 = 0
    /// Which limit denied it.
    package var shortage = ShortageBox.none

    package var isAllow: Bool { reason == .none }

    package init(reason: Reason, grant: Int32, position: Position, viewAge: Nanoseconds, usableUntil: Instant) {
        (self.reason, self.grant, self.position) = (reason, grant, position)
        (self.viewAge, self.usableUntil) = (viewAge, usableUntil)
    }
}

extension Enforcement {
    /// Checks everything in the order of `Reason` and takes the amounts from the slices. First failure wins.
    ///
    /// - Parameter arrivedAt: when the call arrived; a linearizable grant is decided only on an echo sent since.
    package mutating func prepare(_ call: borrowing Call, arrivedAt: Instant, now: Instant) -> Verdict {
        var verdict = Verdict(reason: .noView, grant: -1, position: 0, viewAge: -1, usableUntil: 0)
        debits.removeAll(keepingCapacity: true)
        if !ratesTaken.isEmpty { ratesTaken.removeAll(keepingCapacity: true) }
        guard halted == nil, hasView else { return verdict }
        // A decision's time goes into waiting for memory: what it will read is asked for as soon as it is known.
        purse.prefetch(grant: folded.prefetch(call.credential))
        verdict.position = folded.position
        let age = lease.age(at: now) ?? .max
        verdict.viewAge = age
        verdict.reason = .staleView
        guard let clock = lease.clock, verdict.position >= call.atLeast else { return verdict }
        guard let index = folded.index(of: call.credential) else {
            verdict.reason = age < folded.settings.maxStaleness ? .unknownCredential : .staleView
            return verdict
        }
        purse.prefetchAccounts(grant: index, count: max(1, call.amounts.count))
        verdict.grant = Int32(index)
        let grant = folded.grants[index]
        let staleness = allowedAge(ofGrant: grant)
        verdict.usableUntil = (lease.confirmedAt ?? .min / 2) + staleness
        guard age < staleness, !isLinearizable(grant) || lease.confirmedAt! >= arrivedAt else { return verdict }
        verdict.reason = check(call, grant, index, clock, now)
        guard verdict.reason == .none else {
            verdict.retryAfter = wait(verdict.reason, grant, index, clock, now)
            if verdict.reason == .amountOverLimit { verdict.shortage = .some(overLimit(call, grant)) }
            return verdict
        }
        verdict.usableUntil = min(verdict.usableUntil, expiry(grant, clock, now))
        let marks = folded.marks(onGrant: index).union(folded.marks[Int(nodeSymbol)])
        let isRated = folded.isRated(index, marks)
        if isRated { verdict.reason = admits(call, index, isThrottled: marks.contains(.throttled), now, &verdict) }
        guard verdict.reason == .none else { return verdict }
        if metersCalls(index, marks) { verdict.calls = max(1, call.amounts.index(of: "calls").map { call.amounts[$0].value } ?? 1) }
        if call.holds, !calls.hasRoom(grant: verdict.grant) { verdict.reason = .busy }
        // Whatever it asks for: what it would cost, nobody knows before.
        if marks.contains(.frozen) {
            verdict.reason = .budgetFrozen
            verdict.shortage = .some(Shortage(.grant, folded.owingGrant(index), unit: ""))
        }
        guard verdict.reason == .none else { return verdict }
        verdict.reason = spend(call, index, clock.windowTime(at: now, ratePPM: folded.settings.clockRatePPM), isRated, now, &verdict)
        guard verdict.reason == .none else { return verdict }
        if isRated { takeRates() }
        return verdict
    }

    /// As the answer leaves: the lease must still hold. If not, what was taken goes back and the caller records a void.
    @inline(__always)
    package mutating func confirm(_ verdict: inout Verdict, held: Bool, now: Instant) -> Bool {
        guard now >= verdict.usableUntil else { return true }
        undo(held: held)
        verdict.reason = .staleView
        return false
    }

    /// Gives back what the last `prepare` took; it was not recorded, or is void.
    package mutating func undo(held: Bool) {
        for debit in debits { purse.resolve(debit, spent: 0, wasHeld: held) }
        if !ratesTaken.isEmpty { giveBackRates() }
    }

    // What follows changes nothing. It is mutating because Swift lends the state to a mutating method, and copies it for
    // any other.

    @inline(__always)
    private mutating func allowedAge(ofGrant grant: GrantRecord) -> Nanoseconds {
        let mesh = min(folded.settings.maxStaleness, lease.bounds.staleness)
        let own = folded.rules[Int(grant.rules)].maxStalenessMS
        let allowed = Nanoseconds(min(folded.rules[Int(grant.rules)].graceMS, folded.settings.maxGraceMS)) * .nanosecondsPerMillisecond
        let grace = min(allowed, lease.bounds.grace)
        let bound = own == 0 ? mesh : min(mesh, Nanoseconds(own) * .nanosecondsPerMillisecond)
        return bound + grace
    }

    @inline(__always)
    private mutating func isLinearizable(_ grant: GrantRecord) -> Bool { folded.rules[Int(grant.rules)].linearizable }

    private mutating func check(_ call: borrowing Call, _ grant: GrantRecord, _ index: Int, _ clock: LedgerClock, _ now: Instant, argumentsKnown: Bool = true, counts: Bool = true) -> Reason {
        let rules = Int(grant.rules)
        if grant.audience != folded.noAudience, !isHere(folded.symbols.text(grant.audience)) { return .wrongAudience }
        if !folded.rules[rules].workload.isEmpty, !folded.rules[rules].workload.isSame(as: call.workload) { return .wrongWorkload }
        let marks = folded.marks(onGrant: index).union(folded.marks[Int(nodeSymbol)])
        if marks.contains(.revoked) { return .revoked }
        if marks.contains(.suspended) { return .suspended }
        let rate = folded.settings.clockRatePPM
        if clock.earliest(at: now, ratePPM: rate) < grant.notBefore { return .notYetValid }
        if clock.latest(at: now, ratePPM: rate) >= expiry(grant) { return .expired }
        if !folded.rules[rules].actions.contains(where: { $0.matches(call.action) }) { return .actionNotAllowed }
        if !folded.rules[rules].resources.contains(where: { $0.matches(type: call.resourceType, id: call.resourceID) }) {
            return .resourceOutOfBounds
        }
        for condition in folded.rules[rules].conditions where !condition.holds(for: call.attributes) {
            let isKnown = argumentsKnown || call.attributes.value(forBytes: condition.path) != nil
            if isKnown || !condition.path.begins(with: "arguments.") { return .resourceOutOfBounds }
        }
        for index in 0..<call.amounts.count {
            let amount = call.amounts[index]
            if amount.value > Limits.amount { return .amountOverLimit }
            for most in folded.rules[rules].maxAmounts where most.unit == amount.unit && amount.value > most.value { return .amountOverLimit }
        }
        // Whatever it says, it is one of `calls`.
        for most in folded.rules[rules].maxAmounts where most.value < 1 && most.unit == "calls" { return .amountOverLimit }
        if folded.rules[rules].approvalActions.contains(where: { $0.catches(call.action) }) { return .approvalRequired }
        if counts, marks.contains(.throttled), !folded.stops(index, at: node).isEmpty { return .rateLimited }
        return .none
    }

    /// Whether this node stands for that destination.
    private func isHere(_ audience: String) -> Bool {
        audiences.contains { $0.isSame(as: audience) }
    }

    /// A child never outlives what it was delegated from.
    private mutating func expiry(_ grant: GrantRecord) -> WallTime {
        var expiry = grant.expiresAt
        var parent = grant.parent
        while parent >= 0 {
            expiry = min(expiry, folded.grants[Int(parent)].expiresAt)
            parent = folded.grants[Int(parent)].parent
        }
        return expiry
    }

    /// When a grant that has not expired yet has, on this node's clock at the latest: no answer leaves later, however long
    /// it takes to record. Looks a day ahead, further than any lease.
    @inline(__always)
    private mutating func expiry(_ grant: GrantRecord, _ clock: LedgerClock, _ now: Instant) -> Instant {
        let rate = Int64(folded.settings.clockRatePPM)
        let (time, isFar) = expiry(grant).subtractingReportingOverflow(clock.latest(at: now, ratePPM: folded.settings.clockRatePPM))
        let left = isFar ? 86_400_000 : min(max(time, -86_400_000), 86_400_000)
        return now + left * .nanosecondsPerMillisecond / (1_000_000 + rate) * 1_000_000
    }

    /// The first amount that is more than one call may have.
    private func overLimit(_ call: borrowing Call, _ grant: GrantRecord) -> Shortage {
        for index in 0..<call.amounts.count {
            let amount = call.amounts[index]
            let most = folded.rules[Int(grant.rules)].maxAmounts.first { $0.unit == amount.unit }?.value ?? Limits.amount
            if amount.value > most { return Shortage(.maxAmount, unit: amount.unit, couldGet: most) }
        }
        return Shortage(.maxAmount, unit: "")
    }

    /// All amounts or none.
    private mutating func spend(_ call: borrowing Call, _ grant: Int, _ wall: WallTime, _ isRated: Bool, _ now: Instant, _ verdict: inout Verdict) -> Reason {
        var accounts: InlineArray<5, Int32> = InlineArray(repeating: -1)
        var needs: InlineArray<5, Int64> = InlineArray(repeating: 0)
        let declared = call.amounts.count
        // Every call is one, whether or not it says so.
        let count = verdict.calls > 0 && call.amounts.index(of: "calls") == nil ? declared + 1 : declared
        for index in 0..<count {
            let unit = index < declared ? call.amounts[index].unit : "calls"
            needs[index] = unit == "calls" ? verdict.calls : call.amounts[index].value
            accounts[index] = purse.find(grant: grant, unit: unit)
            // Whatever has an account is metered: budgets never end.
            guard accounts[index] < 0, !folded.isMetered(unit, ofGrant: grant) else { continue }
            // Calls are counted by every gateway, whether or not anybody put a ceiling on them.
            guard unit == "calls" || isRated && hasOwnRate(unit, grant) else {
                verdict.shortage = .some(Shortage(.budget, unit: unit))
                return .unitNotBudgeted
            }
            accounts[index] = -2
        }
        var lacks = false
        for index in 0..<count where accounts[index] > -2 {
            let unit = index < declared ? call.amounts[index].unit : "calls"
            let account = accounts[index] < 0 ? purse.open(grant: grant, unit: unit) : accounts[index]
            accounts[index] = account
            let available = purse.available(account, wall: wall)
            // An amount of 0 takes nothing, but what is spent or frozen has not even that to give.
            let need = max(1, needs[index])
            guard available < need else { continue }
            if let known = purse.isExhausted(account, shortfall: need - available, at: now) {
                verdict.shortage = known.shortage
                return known.reason
            }
            // The ledger would hand out a part of it, and call that back for the rest.
            if let most = folded.mostOut(unit, ofGrant: grant), need > most.amount {
                verdict.shortage = .some(Shortage(.budget, most.name, unit: unit, couldGet: most.amount))
                return .budgetExhausted
            }
            purse.lack(need - available, account)
            if !lacks {
                (verdict.lacking, verdict.shortfall) = (account, need - available)
                verdict.shortage = .some(Shortage(.budget, unit: unit))
            }
            lacks = true
        }
        guard !lacks else { return .budgetPending }
        for index in 0..<count where accounts[index] >= 0 && needs[index] > 0 {
            purse.take(needs[index], from: accounts[index], holds: call.holds, into: &debits)
        }
        return .none
    }

    /// When a call that is denied for the time being may pass, as far as this node knows; 0 for what it does not.
    private mutating func wait(_ reason: Reason, _ grant: GrantRecord, _ index: Int, _ clock: LedgerClock, _ now: Instant) -> Nanoseconds {
        switch reason {
        case .notYetValid:
            return until(grant.notBefore, clock, now)
        case .suspended:
            let standing = folded.restrictions.values.filter { $0.restriction.level == .suspend && (folded.covers($0.restriction.selector, index) || $0.restriction.selector == .node(node)) }
            guard let last = standing.map(\.restriction.expiresAt).max(), !standing.contains(where: { $0.restriction.expiresAt == 0 }) else { return 0 }
            return until(last, clock, now)
        case .rateLimited:
            let stops = folded.stops(index, at: node).map(\.expiresAt)
            return stops.contains(0) ? 0 : stops.max().map { until($0, clock, now) } ?? 0
        default: return 0
        }
    }

    /// From now to a time by the ledger's clock, at the latest.
    mutating func until(_ time: WallTime, _ clock: LedgerClock, _ now: Instant) -> Nanoseconds {
        let (left, isFar) = time.subtractingReportingOverflow(clock.earliest(at: now, ratePPM: folded.settings.clockRatePPM))
        let most = Nanoseconds.max / .nanosecondsPerMillisecond
        return (isFar ? most : min(max(0, left), most)) * .nanosecondsPerMillisecond
    }
}

extension Enforcement {
    /// Whether a grant has this credential; true while there is no view to look in.
    package mutating func mayKnow(_ credential: Digest) -> Bool { !hasView || folded.index(of: credential) != nil }

    /// Whether news may still change what this call is told, so that it is worth waiting before it is decided: the view is
    /// fresh, and has not reached `atLeast`, or the grant is linearizable and no echo sent since `arrivedAt` has confirmed
    /// the view. A stale view does not wait, since waiting would not make its answer truer; nor does an unknown
    /// credential, or anybody could make a node wait. Nothing is taken or recorded.
    package func awaitsNews(_ call: borrowing Call, arrivedAt: Instant, now: Instant) -> Bool {
        guard isFresh(at: now), let confirmedAt = lease.confirmedAt, let index = folded.index(of: call.credential) else { return false }
        return folded.position < call.atLeast || folded.rules[Int(folded.grants[index].rules)].linearizable && confirmedAt < arrivedAt
    }

    /// All checks but rate and budget; nothing is taken or counted.
    ///
    /// - Parameter arrivedAt: of a call that is really made: a linearizable grant needs an echo sent since. Without it,
    ///   conditions on arguments that are not given are left out too: a list of tools cannot know them.
    package mutating func preview(_ call: borrowing Call, arrivedAt: Instant? = nil, now: Instant) -> Verdict {
        var verdict = Verdict(reason: .noView, grant: -1, position: 0, viewAge: -1, usableUntil: 0)
        guard halted == nil, hasView else { return verdict }
        verdict.position = folded.position
        verdict.viewAge = lease.age(at: now) ?? .max
        verdict.reason = .staleView
        guard let clock = lease.clock, let confirmedAt = lease.confirmedAt, folded.position >= call.atLeast else { return verdict }
        guard let index = folded.index(of: call.credential) else {
            verdict.reason = isFresh(at: now) ? .unknownCredential : .staleView
            return verdict
        }
        verdict.grant = Int32(index)
        let staleness = allowedAge(ofGrant: folded.grants[index])
        verdict.usableUntil = confirmedAt + staleness
        guard verdict.viewAge < staleness else { return verdict }
        if let arrivedAt, isLinearizable(folded.grants[index]), confirmedAt < arrivedAt { return verdict }
        verdict.reason = check(call, folded.grants[index], index, clock, now, argumentsKnown: arrivedAt != nil, counts: false)
        verdict.usableUntil = min(verdict.usableUntil, expiry(folded.grants[index], clock, now))
        return verdict
    }
}
