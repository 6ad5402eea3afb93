extension Grant {
    /// Why this grant cannot be issued whatever the mesh's state, or nil.
    package var problem: String? {
        for (name, id) in [("grant_id", grantID), ("run_id", runID), ("agent_id", agentID)]
        where id.isEmpty && (parent.isEmpty || name != "run_id") {
            return "\(name) is missing"
        }
        let ids = [
            grantID, runID, agentID, agentClass, principalID, purpose, audience, workload, parent, policyVersion,
            toolVersion,
        ]
        if ids.contains(where: { $0.utf8.count > Limits.idBytes }) {
            return "an id is longer than \(Limits.idBytes) bytes"
        }
        let exact = [grantID, runID, agentID, agentClass, principalID, purpose, audience, workload, parent] + draws
        if let id = exact.first(where: { $0.utf8.contains(UInt8(ascii: "*")) }) {
            return "'\(id)' has a '*' in it, which stands for nothing in a name"
        }
        // GRANT/UNIT names a grant's own budget.
        if grantID.contains("/") { return "grant_id has a '/' in it" }
        let lists = [
            ("allowed_actions", allowedActions.count), ("resources", resources.count), ("conditions", conditions.count),
            ("budgets", budgets.count),
            ("max_amounts", maxAmounts.count), ("rates", rates.count), ("draws", draws.count),
            ("approval_actions", approvalActions.count),
        ]
        if let (name, count) = lists.first(where: { $0.1 > Limits.grantListCount }) {
            return "\(name) has \(count) entries, at most \(Limits.grantListCount) are allowed"
        }
        let patterns = allowedActions + resources + approvalActions + draws
        if patterns.contains(where: { $0.isEmpty || $0.utf8.count > Limits.idBytes }) {
            return "a pattern is empty or longer than \(Limits.idBytes) bytes"
        }
        let units = (budgets + maxAmounts).map(\.unit) + rates.map(\.unit)
        let texts = ids + patterns + units + conditions.flatMap { [$0.path, $0.value] }
        if !texts.allSatisfy(\.isPrintable) {
            return
                """
                an id, a pattern, a condition or a unit has a control character in it, or one that turns the \
                direction of writing
                """
        }
        if let text = texts.first(where: \.isPadded) {
            return "'\(text)' begins or ends with a space, which nobody sees"
        }
        if allowedActions.isEmpty { return "allowed_actions is empty: the grant would allow nothing" }
        if let problem = allowedActions.lazy.compactMap(Pattern.problem).first { return problem }
        if let problem = approvalActions.lazy.compactMap(Pattern.problemOfRestriction).first { return problem }
        let allowed = allowedActions.map { Pattern($0) }
        if let unmet = approvalActions.first(where: { asked in !allowed.contains { $0.overlaps(Pattern(asked)) } }) {
            return
                """
                approval is asked for '\(unmet)', which no allowed action is: \
                \(allowedActions.joined(separator: ", "))
                """
        }
        if let problem = resources.lazy.compactMap(ResourcePattern.problem).first { return problem }
        if let problem = conditions.lazy.compactMap(\.problem).first { return problem }
        if conditions.contains(where: { max($0.path.utf8.count, $0.value.utf8.count) > Limits.idBytes }) {
            return "a condition is longer than \(Limits.idBytes) bytes"
        }
        if confirmation?.thumbprint == .zero { return "a thumbprint of zeros is of no key" }
        if credentialDigest == .zero { return "credential_digest is missing" }
        if expiresAt <= notBefore && (parent.isEmpty || expiresAt != 0) {
            return "expires_at must lie after not_before"
        }
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
