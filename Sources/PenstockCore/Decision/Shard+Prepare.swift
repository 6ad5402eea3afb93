/// The first step of a decision: every check in the order of `Reason`, and taking from rates and slices.
extension Shard {
    /// Checks everything in the order of `Reason` and takes the amounts from the slices. First failure wins.
    ///
    /// - Parameter arrivedAt: when the call arrived; a linearizable grant is decided only on an echo sent since.
    package mutating func prepare(
        _ call: borrowing Call, arrivedAt: Instant, under node: borrowing NodeState, now: Instant
    ) -> Verdict {
        var verdict = Verdict(reason: .noView, grant: -1, position: 0, viewAge: -1, usableUntil: 0)
        verdict.shard = number
        debits.removeAll(keepingCapacity: true)
        if !ratesTaken.isEmpty { ratesTaken.removeAll(keepingCapacity: true) }
        guard node.halted == nil, node.hasView else { return verdict }
        // A decision's time goes into waiting for memory: what it will read is asked for as soon as it is known.
        purse.prefetch(grant: node.view.prefetch(call.credential))
        verdict.position = node.view.position
        let age = node.lease.age(at: now) ?? .max
        verdict.viewAge = age
        verdict.reason = .staleView
        guard let clock = node.lease.clock, verdict.position >= call.atLeast else { return verdict }
        guard let index = node.view.index(of: call.credential) else {
            verdict.reason = age < node.view.settings.maxStaleness ? .unknownCredential : .staleView
            return verdict
        }
        purse.prefetchAccounts(grant: index, count: max(1, call.amounts.count))
        verdict.grant = Int32(index)
        let grant = node.view.grants[index]
        let staleness = node.allowedAge(ofGrant: grant)
        verdict.usableUntil = (node.lease.confirmedAt ?? .min / 2) + staleness
        guard age < staleness, !node.isLinearizable(grant, call) || node.lease.confirmedAt! >= arrivedAt else {
            return verdict
        }
        verdict.reason = node.check(call, grant, index, clock, now)
        guard verdict.reason == .none else {
            verdict.retryAfter = node.wait(verdict.reason, grant, index, clock, now)
            if verdict.reason == .amountOverLimit { verdict.shortageBox = .some(node.overLimit(call, grant)) }
            return verdict
        }
        verdict.usableUntil = min(verdict.usableUntil, node.expiry(grant, clock, now))
        let marks = node.view.marks(onGrant: index).union(node.view.marks[Int(node.symbol)])
        let isRated = node.view.isRated(index, marks)
        if isRated {
            verdict.reason = admits(call, index, node, isThrottled: marks.contains(.throttled), now, &verdict)
        }
        guard verdict.reason == .none else { return verdict }
        if metersCalls(index, marks, node) {
            verdict.calls = max(1, call.amounts.index(of: "calls").map { call.amounts[$0].value } ?? 1)
        }
        if call.holds, !calls.hasRoom(grant: verdict.grant) { verdict.reason = .busy }
        // Whatever it asks for: what it would cost, nobody knows before.
        if marks.contains(.frozen) {
            verdict.reason = .budgetFrozen
            verdict.shortageBox = .some(Shortage(.grant, node.view.owingGrant(index), unit: ""))
        }
        guard verdict.reason == .none else { return verdict }
        verdict.reason = spend(
            call, index, node, clock.windowTime(at: now, ratePPM: node.view.settings.clockRatePPM), isRated, now,
            &verdict)
        guard verdict.reason == .none else { return verdict }
        if isRated { takeRates() }
        return verdict
    }

    /// All amounts or none.
    private mutating func spend(
        _ call: borrowing Call, _ grant: Int, _ node: borrowing NodeState, _ wall: WallTime, _ isRated: Bool,
        _ now: Instant,
        _ verdict: inout Verdict
    ) -> Reason {
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
            guard accounts[index] < 0, !node.view.isMetered(unit, ofGrant: grant) else { continue }
            // Calls are counted by every gateway, whether or not anybody put a ceiling on them.
            guard unit == "calls" || isRated && node.hasOwnRate(unit, grant) else {
                verdict.shortageBox = .some(Shortage(.budget, unit: unit))
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
                verdict.shortageBox = known.shortage
                return known.reason
            }
            // The ledger would hand out a part of it, and call that back for the rest.
            if let most = node.view.mostOut(unit, ofGrant: grant), need > most.amount {
                verdict.shortageBox = .some(Shortage(.budget, most.name, unit: unit, couldGet: most.amount))
                return .budgetExhausted
            }
            purse.lack(need - available, account)
            if !lacks {
                (verdict.lacking, verdict.shortfall) = (account, need - available)
                verdict.shortageBox = .some(Shortage(.budget, unit: unit))
            }
            lacks = true
        }
        guard !lacks else { return .budgetPending }
        for index in 0..<count where accounts[index] >= 0 && needs[index] > 0 {
            purse.take(needs[index], from: accounts[index], holds: call.holds, into: &debits)
        }
        return .none
    }
}
