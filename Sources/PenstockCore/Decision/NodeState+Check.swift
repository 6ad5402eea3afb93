/// What a decision looks up in its node's view and lease.
extension NodeState {
    @inline(__always)
    func allowedAge(ofGrant grant: GrantRecord) -> Nanoseconds {
        let mesh = min(view.settings.maxStaleness, lease.bounds.staleness)
        let own = view.rules[Int(grant.rules)].maxStalenessMS
        let allowed =
            Nanoseconds(min(view.rules[Int(grant.rules)].graceMS, view.settings.maxGraceMS))
            * .nanosecondsPerMillisecond
        let grace = min(allowed, lease.bounds.grace)
        let bound = own == 0 ? mesh : min(mesh, Nanoseconds(own) * .nanosecondsPerMillisecond)
        return bound + grace
    }

    @inline(__always)
    func isLinearizable(_ grant: GrantRecord, _ call: borrowing Call) -> Bool {
        call.linearizable || view.rules[Int(grant.rules)].linearizable
    }

    func check(
        _ call: borrowing Call, _ grant: GrantRecord, _ index: Int, _ clock: LedgerClock, _ now: Instant,
        argumentsKnown: Bool = true, counts: Bool = true
    ) -> Reason {
        let rules = Int(grant.rules)
        if !call.presented.confirms(grant.confirmation) { return .credentialMismatch }
        if grant.audience != view.noAudience, !isHere(view.symbols.text(grant.audience)) { return .wrongAudience }
        if !view.rules[rules].workload.isEmpty, !view.rules[rules].workload.isSame(as: call.presented.workload) {
            return .wrongWorkload
        }
        let marks = view.marks(onGrant: index).union(view.marks[Int(symbol)])
        if marks.contains(.revoked) { return .revoked }
        if marks.contains(.suspended) { return .suspended }
        let rate = view.settings.clockRatePPM
        if clock.earliest(at: now, ratePPM: rate) < grant.notBefore { return .notYetValid }
        if clock.latest(at: now, ratePPM: rate) >= expiry(grant) { return .expired }
        if !view.rules.span[rules].actions.hasOne({ $0.matches(call.action) }) { return .actionNotAllowed }
        if !view.rules.span[rules].resources.hasOne({ $0.matches(type: call.resourceType, id: call.resourceID) }) {
            return .resourceOutOfBounds
        }
        if view.rules.span[rules].compiled.hasOne({ fails($0, call, argumentsKnown) }) { return .resourceOutOfBounds }
        for index in 0..<call.amounts.count {
            let amount = call.amounts[index]
            if amount.value > Limits.amount { return .amountOverLimit }
            if view.rules.span[rules].maxAmounts.hasOne({ $0.unit == amount.unit && amount.value > $0.value }) {
                return .amountOverLimit
            }
        }
        // Whatever it says, it is one of `calls`.
        if view.rules.span[rules].maxAmounts.hasOne({ $0.value < 1 && $0.unit == "calls" }) { return .amountOverLimit }
        if view.rules.span[rules].approvalActions.hasOne({ $0.catches(call.action) }) { return .approvalRequired }
        if counts, marks.contains(.throttled), !view.stops(index, at: name).isEmpty { return .rateLimited }
        return .none
    }

    private func fails(_ test: borrowing CompiledCondition, _ call: borrowing Call, _ argumentsKnown: Bool) -> Bool {
        guard !test.holds(for: call.attributes, call.lists) else { return false }
        return argumentsKnown || !test.condition.path.begins(with: "arguments.") || call.has(test.condition.path)
    }

    /// Whether this node stands for that destination.
    func isHere(_ audience: String) -> Bool {
        audiences.contains { $0.isSame(as: audience) }
    }

    /// A child never outlives what it was delegated from.
    func expiry(_ grant: GrantRecord) -> WallTime {
        var expiry = grant.expiresAt
        var parent = grant.parent
        while parent >= 0 {
            expiry = min(expiry, view.grants[Int(parent)].expiresAt)
            parent = view.grants[Int(parent)].parent
        }
        return expiry
    }

    /// When a grant that has not expired yet has, on this node's clock at the latest: no answer leaves later, however
    /// long it takes to record. Looks a day ahead, further than any lease.
    @inline(__always)
    func expiry(_ grant: GrantRecord, _ clock: LedgerClock, _ now: Instant) -> Instant {
        let rate = Int64(view.settings.clockRatePPM)
        let (time, isFar) = expiry(grant).subtractingReportingOverflow(
            clock.latest(at: now, ratePPM: view.settings.clockRatePPM))
        let left = isFar ? 86_400_000 : min(max(time, -86_400_000), 86_400_000)
        return now + left * .nanosecondsPerMillisecond / (1_000_000 + rate) * 1_000_000
    }

    /// The first amount that is more than one call may have.
    func overLimit(_ call: borrowing Call, _ grant: GrantRecord) -> Shortage {
        for index in 0..<call.amounts.count {
            let amount = call.amounts[index]
            let most =
                view.rules[Int(grant.rules)].maxAmounts.first { $0.unit == amount.unit }?.value ?? Limits.amount
            if amount.value > most { return Shortage(.maxAmount, unit: amount.unit, couldGet: most) }
        }
        return Shortage(.maxAmount, unit: "")
    }

    /// When a call that is denied for the time being may pass, as far as this node knows; 0 for what it does not.
    func wait(
        _ reason: Reason, _ grant: GrantRecord, _ index: Int, _ clock: LedgerClock, _ now: Instant
    ) -> Nanoseconds {
        switch reason {
        case .notYetValid:
            return until(grant.notBefore, clock, now)
        case .suspended:
            var ends: [WallTime] = []
            view.forEachStanding(.suspended, onGrant: index, at: name) { ends.append($1.expiresAt) }
            guard let last = ends.max(), !ends.contains(0) else { return 0 }
            return until(last, clock, now)
        case .rateLimited:
            let stops = view.stops(index, at: name).map(\.expiresAt)
            return stops.contains(0) ? 0 : stops.max().map { until($0, clock, now) } ?? 0
        default: return 0
        }
    }

    /// From now to a time by the ledger's clock, at the latest.
    package func until(_ time: WallTime, _ clock: LedgerClock, _ now: Instant) -> Nanoseconds {
        let (left, isFar) = time.subtractingReportingOverflow(
            clock.earliest(at: now, ratePPM: view.settings.clockRatePPM))
        let most = Nanoseconds.max / .nanosecondsPerMillisecond
        return (isFar ? most : min(max(0, left), most)) * .nanosecondsPerMillisecond
    }

    /// A throttle that ends by itself bounds nothing after that.
    func untilEnd(_ key: RateKey, _ now: Instant) -> Nanoseconds {
        guard let position = key.throttle, let end = view.restrictions[position]?.restriction.expiresAt, end > 0,
            let clock = lease.clock
        else { return .max }
        return until(end, clock, now)
    }

    /// A rate of a grant's own, or of one above it, says that a unit may be spent without a budget. One that an
    /// operator made does not: it must not give anybody what no issuer gave.
    func hasOwnRate(_ unit: String, _ index: Int) -> Bool {
        view.chain(ofGrant: index).contains { above in
            view.rules[Int(view.grants[above].rules)].rates.contains { $0.unit == unit }
        }
    }

}
