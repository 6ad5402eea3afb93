internal import PenstockCore

/// Rates, held against true time: in any span, no more is admitted over all nodes than the burst and what the span is
/// worth.
extension Checker {
    /// What one rate still admits: a token bucket of the whole, in units of an amount times a nanosecond.
    struct RateFacts {
        var rate: Rate
        var tokens: Int128
        var refilledAt: Int64

        init(_ rate: Rate, now: Int64) {
            self.rate = rate
            tokens = Int128(rate.burst) * Self.period(rate)
            refilledAt = now
        }

        static func period(_ rate: Rate) -> Int128 { Int128(rate.periodMS) * Int128(Int64.nanosecondsPerMillisecond) }

        mutating func admit(_ amount: Int64, now: Int64) -> Bool {
            tokens = min(Int128(rate.burst) * Self.period(rate), tokens + Int128(now - refilledAt) * Int128(rate.limit))
            refilledAt = now
            tokens -= Int128(amount) * Self.period(rate)
            return tokens >= 0
        }
    }

    /// - Parameter applied: of the view that decided: a rate binds a node from where its view has it.
    mutating func rated(_ grant: Int, _ amounts: [Amount], applied: Position, now: Int64) -> Violation? {
        for (key, rate) in rates(of: grant, at: applied) {
            guard let amount = amounts.first(where: { $0.unit == rate.unit })?.value ?? (rate.unit == "calls" ? 1 : nil)
            else { continue }
            if !rates[key, default: RateFacts(rate, now: now)].admit(amount, now: now) {
                return Violation(
                    .ceiling,
                    "\(key): more was admitted than \(rate.limit) in \(rate.periodMS) ms and a burst of \(rate.burst)")
            }
        }
        return nil
    }

    /// Nodes follow it as they reach it: until then, the larger of the two holds.
    mutating func changed(_ rate: Rate) {
        for index in namedRates.indices where namedRates[index].rate.rate.name == rate.name {
            let old = namedRates[index].rate.rate
            namedRates[index].rate.rate.limit = max(old.limit, rate.limit)
            namedRates[index].rate.rate.burst = max(old.burst, rate.burst)
            rates[.named(rate.name)]?.rate = namedRates[index].rate.rate
        }
    }

    private func rates(of grant: Int, at applied: Position) -> [(RateKey, Rate)] {
        let own = line(grant).flatMap { above in
            grants[above].grant.rates.map { (RateKey.grant(grants[above].grant.grantID, unit: $0.unit), $0) }
        }
        let throttles = standing.compactMap { id, facts -> (RateKey, Rate)? in
            guard case .throttle(let calls, let windowMS) = facts.restriction.level, facts.position <= applied,
                covers(facts.restriction.selector, grant)
            else { return nil }
            return (.named("throttle of \(id)"), Rate(unit: "calls", limit: Int64(calls), periodMS: Int64(windowMS)))
        }
        return own + throttles
            + namedRates.filter { $0.position <= applied && covers($0.rate.selector, grant) }.map {
                (.named($0.rate.rate.name), $0.rate.rate)
            }
    }
}
