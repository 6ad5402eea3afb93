/// Rates of one call: all of them admit it, or nothing is taken.
extension Shard {
    /// A rate that a call falls under, and how much it asks of it.
    struct RateUsed: Sendable {
        var slot: Int32
        var amount: Int64
    }

    /// Looks whether every rate admits the call; nothing is taken yet. `budgetPending` when this node's part of one may
    /// be on its way.
    mutating func admits(
        _ call: borrowing Call, _ index: Int, _ node: borrowing NodeState, isThrottled: Bool, _ now: Instant,
        _ verdict: inout Verdict
    ) -> Reason {
        ratesUsed.removeAll(keepingCapacity: true)
        ratePercent = isThrottled ? node.view.percent(ofGrant: index, at: node.name) : 100
        var reason = Reason.none
        for (key, rate) in ratesKnown(index, node) {
            let declared = call.amounts.index(of: rate.unit).map { call.amounts[$0].value } ?? 0
            // Every call is one, whether or not it says so.
            let amount = rate.unit == "calls" ? max(1, declared) : declared
            guard amount > 0 else { continue }
            guard let slot = rates.slot(key, rate, at: now) else {
                verdict.retryAfter = RateParts.partsTime
                verdict.shortageBox = .some(Shortage(.rate, key.written, unit: rate.unit))
                return .rateLimited
            }
            // Each is asked, whatever the others say, so that the ledger hears of all that are wanted.
            switch rates.check(slot, amount, percent: ratePercent, at: now) {
            case .admit: ratesUsed.append(RateUsed(slot: slot, amount: amount))
            case .never:
                verdict.shortageBox = .some(Shortage(.rate, key.written, unit: rate.unit, couldGet: rate.burst))
                return .amountOverLimit
            case .wait:
                if verdict.shortageBox == .none {
                    verdict.shortageBox = .some(Shortage(.rate, key.written, unit: rate.unit))
                }
                verdict.retryAfter = max(
                    verdict.retryAfter, min(rates.wait(slot, amount, at: now), node.untilEnd(key, now)))
                reason = reason != .rateLimited && rates.mayCome(slot, amount, at: now) ? .budgetPending : .rateLimited
            }
        }
        return reason
    }

    /// Whether every call of a grant is one of a budget of calls.
    @inline(__always)
    mutating func metersCalls(_ index: Int, _ marks: View.Marks, _ node: borrowing NodeState) -> Bool {
        node.view.rules[Int(node.view.grants[index].rules)].metersCalls
            || marks.contains(.budgeted) && isCoveredForCalls(index, node)
    }

    private mutating func isCoveredForCalls(_ index: Int, _ node: borrowing NodeState) -> Bool {
        if let known = coversCalls[index] { return known }
        if coversCalls.count >= 4 * Limits.ratesPerEcho { coversCalls = [:] }
        let found = !node.view.levels(ofGrant: index, unit: "calls").isEmpty
        coversCalls[index] = found
        return found
    }

    private mutating func ratesKnown(_ index: Int, _ node: borrowing NodeState) -> [(key: RateKey, rate: Rate)] {
        if let known = ratesOfGrant[index] { return known }
        if ratesOfGrant.count >= 4 * Limits.ratesPerEcho { ratesOfGrant = [:] }
        let found = node.view.rates(ofGrant: index, at: node.name)
        ratesOfGrant[index] = found
        return found
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
