extension Grant {
    /// Why this grant cannot be issued whatever the mesh's state, or nil.
    package var problem: String? {
        for (name, id) in [("grant_id", grantID), ("run_id", runID), ("agent_id", agentID)] where id.isEmpty && (parent.isEmpty || name != "run_id") {
            return "\(name) is missing"
        }
        let ids = [grantID, runID, agentID, agentClass, principalID, purpose, audience, workload, parent, policyVersion, toolVersion]
        if ids.contains(where: { $0.utf8.count > Limits.idBytes }) { return "an id is longer than \(Limits.idBytes) bytes" }
        // GRANT/UNIT names a grant's own budget.
        if grantID.contains("/") { return "grant_id has a '/' in it" }
        let lists = [allowedActions.count, resources.count, conditions.count, budgets.count, maxAmounts.count, rates.count, draws.count, approvalActions.count]
        if lists.contains(where: { $0 > Limits.grantListCount }) { return "a list has more than \(Limits.grantListCount) entries" }
        let patterns = allowedActions + resources + approvalActions + draws
        if patterns.contains(where: { $0.isEmpty || $0.utf8.count > Limits.idBytes }) { return "a pattern is empty or longer than \(Limits.idBytes) bytes" }
        let units = (budgets + maxAmounts).map(\.unit) + rates.map(\.unit)
        if !(ids + patterns + units).allSatisfy(\.isPrintable) { return "an id, a pattern or a unit has a control character in it" }
        if allowedActions.isEmpty { return "allowed_actions is empty: the grant would allow nothing" }
        if resources.contains(where: { !$0.contains(":") }) { return "a resource must be TYPE:PATTERN" }
        if conditions.contains(where: { max($0.path.utf8.count, $0.value.utf8.count) > Limits.idBytes }) { return "a condition is longer than \(Limits.idBytes) bytes" }
        if credentialDigest == .zero { return "credential_digest is missing" }
        if expiresAt <= notBefore && (parent.isEmpty || expiresAt != 0) { return "expires_at must lie after not_before" }
        if renewableUntil != 0 && renewableUntil < expiresAt { return "renewable_until must not lie before expires_at" }
        for amount in budgets + maxAmounts {
            if amount.unit.isEmpty || amount.unit.utf8.count > 64 { return "a unit must have 1 to 64 bytes" }
            if !(0...Limits.amount).contains(amount.value) { return "\(amount.unit) must be 0 to \(Limits.amount)" }
        }
        if Set(budgets.map(\.unit)).count != budgets.count { return "a unit has two budgets" }
        if let problem = rates.lazy.compactMap(\.problem).first { return problem }
        if rates.contains(where: { !$0.name.isEmpty }) { return "a grant's own rate has no name" }
        if Set(rates.map(\.unit)).count != rates.count { return "a unit has two rates" }
        if delegate > Limits.delegationDepth { return "at most \(Limits.delegationDepth) levels may be delegated" }
        if promptHash.count > 64 { return "prompt_hash is longer than 64 bytes" }
        return nil
    }
}
