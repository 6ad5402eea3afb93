/// Rates of one call: all of them admit it, or nothing is taken.
extension Enforcement {
    /// A rate that a call falls under, and how much it asks of it.
    struct RateUsed: Sendable {
        var slot: Int32
        var amount: Int64
    }

    /// Looks whether every rate admits the call; nothing is taken yet. `budgetPending` when this node's part of one may
    /// be on its way.
    mutating func admits(_ call: borrowing Call, _ index: Int, isThrottled: Bool, _ now: Instant, _ verdict: inout Verdict) -> Reason {
        ratesUsed.removeAll(keepingCapacity: true)
        ratePercent = isThrottled ? folded.percent(ofGrant: index, at: node) : 100
        var reason = Reason.none
        for (key, rate) in ratesKnown(index) {
            let declared = call.amounts.index(of: rate.unit).map { call.amounts[$0].value } ?? 0
            // Every call is one, whether or not it says so.
            let amount = rate.unit == "calls" ? max(1, declared) : declared
            guard amount > 0 else { continue }
            guard let slot = rates.slot(key, rate, at: now) else {
                verdict.retryAfter = RateBuckets.partsTime
                verdict.shortage = .some(Shortage(.rate, key.written, unit: rate.unit))
                return .rateLimited
            }
            // Each is asked, whatever the others say, so that the ledger hears of all that are wanted.
            switch rates.check(slot, amount, percent: ratePercent, at: now) {
            case .admit: ratesUsed.append(RateUsed(slot: slot, amount: amount))
            case .never:
                verdict.shortage = .some(Shortage(.rate, key.written, unit: rate.unit, couldGet: rate.burst))
                return .amountOverLimit
            case .wait:
                if verdict.shortage == .none { verdict.shortage = .some(Shortage(.rate, key.written, unit: rate.unit)) }
                verdict.retryAfter = max(verdict.retryAfter, min(rates.wait(slot, amount, at: now), untilEnd(key, now)))
                reason = reason != .rateLimited && rates.isBeginning(slot, at: now) ? .budgetPending : .rateLimited
            }
        }
        return reason
    }

    /// Whether every call of a grant is one of a budget of calls.
    @inline(__always)
    mutating func metersCalls(_ index: Int, _ marks: View.Marks) -> Bool {
        folded.rules[Int(folded.grants[index].rules)].metersCalls || marks.contains(.budgeted) && isCoveredForCalls(index)
    }

    private mutating func isCoveredForCalls(_ index: Int) -> Bool {
        if let known = coversCalls[index] { return known }
        if coversCalls.count >= 4 * Limits.ratesPerEcho { coversCalls = [:] }
        let found = !folded.levels(ofGrant: index, unit: "calls").isEmpty
        coversCalls[index] = found
        return found
    }

    /// A throttle that ends by itself bounds nothing after that.
    private mutating func untilEnd(_ key: RateKey, _ now: Instant) -> Nanoseconds {
        guard let position = key.throttle, let end = folded.restrictions[position]?.restriction.expiresAt, end > 0, let clock = lease.clock else { return .max }
        return until(end, clock, now)
    }

    private mutating func ratesKnown(_ index: Int) -> [(key: RateKey, rate: Rate)] {
        if let known = ratesOfGrant[index] { return known }
        if ratesOfGrant.count >= 4 * Limits.ratesPerEcho { ratesOfGrant = [:] }
        let found = folded.rates(ofGrant: index, at: node)
        ratesOfGrant[index] = found
        return found
    }

    /// A rate of a grant's own, or of one above it, says that a unit may be spent without a budget. One that an operator made
    /// does not: it must not give anybody what no issuer gave.
    func hasOwnRate(_ unit: String, _ index: Int) -> Bool {
        folded.chain(ofGrant: index).contains { above in folded.rules[Int(folded.grants[above].rules)].rates.contains { $0.unit == unit } }
    }

    /// What `admits` has just found.
    mutating func takeRates() {
        for used in ratesUsed { ratesTaken.append(rates.take(used.slot, used.amount, percent: ratePercent)) }
    }

    mutating func giveBackRates() {
        for taken in ratesTaken.reversed() { rates.giveBack(taken) }
        ratesTaken.removeAll(keepingCapacity: true)
    }
}
