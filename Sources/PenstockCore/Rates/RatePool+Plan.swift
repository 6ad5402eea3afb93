/// Who should have how much of a rate: max-min fair by demand, so that nobody gets more while somebody else gets less
/// than it wants. Each that is served has at least the parts whose burst covers its largest amounts; where those do not
/// fit for all, nodes are served in turns.
extension RatePool {
    /// A plan holds for a moment, so that many nodes' echoes do not each cost one.
    private static let planTime: Nanoseconds = 50 * .nanosecondsPerMillisecond

    mutating func plan(for incarnation: Incarnation, at now: Instant) {
        guard now - plannedAt >= RatePool.planTime || holders[incarnation]?.target == nil else { return }
        plannedAt = now
        let active = holders.filter { $0.value.isActive(at: now) }
        let served = turns(among: active, at: now)
        for other in holders.keys where served[other] == nil { aim(other, at: 0) }
        for (other, parts) in divide(served.keys.map { ($0, active[$0]!) }) { aim(other, at: parts) }
        isContended = hunger(of: served) > max(0, pool.share)
    }

    /// All, if their quanta fit. Else those whose turn is not over, then those that have waited longest, then those
    /// that have been served most recently; never past one that does not fit, or large amounts would wait for ever.
    private func turns(among active: [Incarnation: RateHolder], at now: Instant) -> [Incarnation: RateHolder] {
        guard active.values.reduce(0, { $0 + $1.quantum }) > Rate.whole else { return active }
        func rank(_ other: (key: Incarnation, value: RateHolder)) -> (Int, Instant, Incarnation) {
            if other.value.isInTurn(at: now) { return (0, 0, other.key) }
            guard let since = other.value.servedSince else { return (1, other.value.waitingSince, other.key) }
            return (2, -since, other.key)
        }
        let order = active.sorted { rank($0) < rank($1) }
        var left = Rate.whole
        return order.prefix { other in
            left -= other.value.quantum
            return left >= 0
        }.reduce(into: [:]) { $0[$1.key] = $1.value }
    }

    /// Quanta for all; then what their flows want beyond, the smallest first, each at most an equal part of what is
    /// left; then what nobody wants, in equal parts among those with a flow, so that each can take a burst.
    private func divide(_ served: [(key: Incarnation, value: RateHolder)]) -> [(Incarnation, Int64)] {
        let order = served.sorted {
            ($0.value.wants - $0.value.quantum, $0.key) < ($1.value.wants - $1.value.quantum, $1.key)
        }
        var left = order.reduce(Rate.whole) { $0 - $1.value.quantum }
        var targets: [(Incarnation, Int64)] = []
        for (index, other) in order.enumerated() {
            let extra = min(max(0, other.value.wants - other.value.quantum), left / Int64(order.count - index))
            left -= extra
            targets.append((other.key, other.value.quantum + extra))
        }
        let flowing = order.indices.filter { order[$0].value.wants > 0 }
        let takers = flowing.isEmpty ? Array(order.indices) : flowing
        for (index, taker) in takers.enumerated() {
            let extra = left / Int64(takers.count - index)
            left -= extra
            targets[taker].1 += extra
        }
        return targets
    }

    /// What those lack that are worth taking parts from others for: they want more than they have, or had to refuse.
    private func hunger(of served: [Incarnation: RateHolder]) -> Int64 {
        served.keys.reduce(0) { sum, incarnation in
            let holder = holders[incarnation]!
            let isHungry = holder.given < holder.quantum || holder.given < holder.wants || holder.isRefused
            return sum + (isHungry ? max(0, holder.target! - holder.given) : 0)
        }
    }
}
