/// Delegation (G8): a child's authority, time, freshness, grace and budget are never larger than its parent's.
///
/// Two halves. `problem` refuses a child that states more than its parent has. `narrowed` fills in what it leaves unset
/// and adds what it cannot take away, so that a decision reads a child's own rules and no other's; of time, and of what
/// stands on a grant, it walks up the chain, since those change.
///
/// Law: `narrowed` is idempotent, so that a view loaded from an image is the folded one.
extension Grant {
    /// Why this cannot be a child of that grant, or nil. Unset is always within bounds.
    ///
    /// - Parameters:
    ///   - parent: narrowed itself, with the budgets that bound it up its chain.
    ///   - units: what this grant meters, by its own budgets and by those it draws on.
    ///   - parentUnits: what its parent meters.
    package func problem(under parent: Grant, metering units: [String], within parentUnits: [String]) -> String? {
        guard parent.delegate > 0 else { return "grant \(parent.grantID) allows no delegation" }
        guard delegate < parent.delegate else { return "delegate must be below the parent's \(parent.delegate)" }
        return problemOfScope(under: parent) ?? problemOfTime(under: parent) ?? problemOfFreshness(under: parent)
            ?? problemOfSpend(under: parent, metering: units, within: parentUnits)
    }

    private func problemOfScope(under parent: Grant) -> String? {
        if !principalID.isEmpty, !principalID.isSame(as: parent.principalID) {
            return "principal_id differs from the parent's"
        }
        if !audience.isEmpty, !parent.audience.isEmpty, !audience.isSame(as: parent.audience) {
            return "audience differs from the parent's"
        }
        if !workload.isEmpty, !parent.workload.isEmpty, !workload.isSame(as: parent.workload) {
            return "workload differs from the parent's"
        }
        let actions = parent.allowedActions.map { Pattern($0) }
        for action in allowedActions where !actions.contains(where: { $0.covers(Pattern(action)) }) {
            return "action '\(action)' is not within the parent's"
        }
        let within = parent.resources.compactMap(ResourcePattern.init)
        for resource in resources {
            guard let pattern = ResourcePattern(resource), within.contains(where: { $0.covers(pattern) }) else {
                return "resource '\(resource)' is not within the parent's"
            }
        }
        let narrowed = narrowed(under: parent)
        let lists = [
            ("conditions", narrowed.conditions.count), ("approval_actions", narrowed.approvalActions.count),
            ("max_amounts", narrowed.maxAmounts.count),
        ]
        return lists.first { $0.1 > Limits.grantListCount }
            .map { "with its parent's, \($0) has \($1) entries, at most \(Limits.grantListCount) are allowed" }
    }

    private func problemOfTime(under parent: Grant) -> String? {
        if notBefore != 0, notBefore < parent.notBefore { return "not_before lies before the parent's" }
        if expiresAt > parent.expiresAt { return "expires_at lies after the parent's" }
        if renewableUntil > max(parent.renewableUntil, parent.expiresAt) {
            return "renewable_until lies after the parent's"
        }
        let narrowed = narrowed(under: parent)
        return narrowed.expiresAt <= narrowed.notBefore ? "expires_at must lie after not_before" : nil
    }

    private func problemOfFreshness(under parent: Grant) -> String? {
        if parent.maxStalenessMS != 0, maxStalenessMS > parent.maxStalenessMS {
            return "max_staleness is above the parent's \(parent.maxStalenessMS) ms"
        }
        return graceMS > parent.graceMS ? "grace is above the parent's \(parent.graceMS) ms" : nil
    }

    /// `calls` are counted by every gateway, whether or not a grant meters them.
    private func problemOfSpend(under parent: Grant, metering units: [String], within parentUnits: [String]) -> String?
    {
        for unit in units where unit != "calls" && !parentUnits.contains(unit) {
            return "the parent has no budget in \(unit)"
        }
        for budget in budgets {
            for most in parent.budgets where most.unit == budget.unit && budget.value > most.value {
                return "budget in \(budget.unit) is above the parent's \(most.value)"
            }
        }
        for amount in maxAmounts {
            for most in parent.maxAmounts where most.unit == amount.unit && amount.value > most.value {
                return "max_amount in \(amount.unit) is above the parent's \(most.value)"
            }
        }
        for rate in rates {
            for most in parent.rates where most.unit == rate.unit && !rate.isWithin(most) {
                return "rate in \(rate.unit) is above the parent's"
            }
        }
        return nil
    }

    /// With all that its parent's bounds, themselves narrowed, add to its own.
    package func narrowed(under parent: Grant) -> Grant {
        var grant = self
        if runID.isEmpty { grant.runID = parent.runID }
        if principalID.isEmpty { grant.principalID = parent.principalID }
        if audience.isEmpty { grant.audience = parent.audience }
        if workload.isEmpty { grant.workload = parent.workload }
        // Whom it is delegated to has a key of their own; without one, the parent's stays asked for.
        grant.confirmation = confirmation ?? parent.confirmation
        grant.conditions = union(parent.conditions, conditions)
        grant.approvalActions = union(parent.approvalActions.map { Pattern($0) }, approvalActions.map { Pattern($0) })
            .map(\.written)
        grant.notBefore = max(notBefore, parent.notBefore)
        if expiresAt == 0 { grant.expiresAt = parent.expiresAt }
        grant.maxAmounts = least(parent.maxAmounts + maxAmounts)
        let staleness = [maxStalenessMS, parent.maxStalenessMS].filter { $0 != 0 }
        grant.maxStalenessMS = staleness.min() ?? 0
        grant.linearizable = linearizable || parent.linearizable
        grant.graceMS = min(graceMS, parent.graceMS)
        grant.delegate = min(delegate, max(parent.delegate, 1) - 1)
        return grant
    }

    /// The first's, then what only the second has; each once.
    private func union<T: Hashable>(_ first: [T], _ second: [T]) -> [T] {
        var seen: Set<T> = []
        return (first + second).filter { seen.insert($0).inserted }
    }

    private func least(_ amounts: [Amount]) -> [Amount] {
        Dictionary(amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: min).map { Amount($0.key, $0.value) }.sorted {
            $0.unit < $1.unit
        }
    }
}

extension Pattern {
    /// Whether it matches all that the other does.
    package func covers(_ other: Pattern) -> Bool {
        isPrefix ? matches(other.text) : !other.isPrefix && matches(other.text)
    }
}

extension ResourcePattern {
    package func covers(_ other: ResourcePattern) -> Bool {
        type.covers(other.type) && id.covers(other.id)
    }
}
