/// Rates of one call: all of them admit it, or nothing is taken.
extension Enforcement {
    /// A rate that a call falls under, and how much it asks of it.
    struct RateUsed: Sendable {
        var slot: Int32
        var amount: Int64
    }

    /// Looks whether every rate admits the call; nothing is taken yet. `budgetPending` when this node's part of one may
    /// be on its way.
    mutating func admits(_ call: borrowing Call, _ index: Int, _ now: Instant) -> Reason {
        ratesUsed.removeAll(keepingCapacity: true)
        ratePercent = folded.percent(ofGrant: index, at: node)
        var reason = Reason.none
        for (key, rate) in folded.rates(ofGrant: index) {
            // Every call is one, whether or not it says so.
            let amount = call.amounts.index(of: rate.unit).map { call.amounts[$0].value } ?? (rate.unit == "calls" ? 1 : 0)
            guard amount > 0 else { continue }
            guard let slot = rates.slot(key, rate, at: now) else { return .rateLimited }
            // Each is asked, whatever the others say, so that the ledger hears of all that are wanted.
            switch rates.check(slot, amount, percent: ratePercent, at: now) {
            case .admit: ratesUsed.append(RateUsed(slot: slot, amount: amount))
            case .never: return .amountOverLimit
            case .wait: reason = reason != .rateLimited && rates.isBeginning(slot, at: now) ? .budgetPending : .rateLimited
            }
        }
        return reason
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
