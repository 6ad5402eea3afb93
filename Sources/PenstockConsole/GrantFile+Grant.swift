internal import PenstockCore
internal import PenstockNode
internal import PenstockSystem

extension GrantFile {
    func grant() throws -> Grant {
        let texts = [
            ("agent_id", agentId), ("run_id", runId), ("agent_class", agentClass), ("principal_id", principalId),
            ("purpose", purpose),
            ("audience", audience), ("workload", workload), ("parent", parent), ("policy_version", policyVersion),
            ("prompt_hash", promptHash),
            ("tool_version", toolVersion),
        ]
        // As if it were left out it would lift a bound, or name nobody.
        if let (name, _) = texts.first(where: { $0.1?.isEmpty == true }) {
            throw NodeError(.configuration, "'\(name)' is empty: leave it out for none")
        }
        var grant = Grant()
        grant.grantID = Self.newID("grt")
        grant.parent = parent ?? ""
        grant.delegate = delegate ?? 0
        grant.runID = runId ?? (grant.parent.isEmpty ? Self.newID("run") : "")
        grant.agentID = agentId
        (grant.agentClass, grant.principalID, grant.purpose) = (agentClass ?? "", principalId ?? "", purpose ?? "")
        (grant.audience, grant.workload) = (audience ?? "", workload ?? "")
        grant.confirmation = try confirmation.map { try GrantConfirmation.confirmation($0) }
        grant.allowedActions = allowedActions
        grant.resources = resources ?? []
        grant.conditions = try (conditions ?? []).map {
            guard let condition = Grant.Condition(parsing: $0) else {
                throw NodeError(.configuration, "'conditions': '\($0)' is not 'PATH OP VALUE'")
            }
            return condition
        }
        grant.notBefore = try time("not_before", notBefore) ?? 0
        let lifetime = try lifetime()
        grant.expiresAt =
            try time("expires_at", expiresAt) ?? (ttlMs == nil && !grant.parent.isEmpty ? 0 : Clocks.wall() + lifetime)
        grant.renewableUntil = try time("renewable_until", renewableUntil) ?? 0
        grant.budgets = (budgets ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.maxAmounts = (maxAmounts ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.rates = try (rates ?? [:]).sorted { $0.key < $1.key }.map { unit, text in
            guard let rate = RateText(argument: text) else {
                throw NodeError(.configuration, "'rates': '\(text)' is not N/DURATION, perhaps with ,burst=B")
            }
            return Rate(unit: unit, limit: rate.limit, periodMS: rate.periodMS, burst: rate.burst)
        }
        grant.draws = draws ?? []
        guard maxStalenessMs != 0 else {
            throw NodeError(.configuration, "'max_staleness_ms' must be 1 and more; leave it out for the mesh's")
        }
        grant.maxStalenessMS = maxStalenessMs ?? 0
        grant.linearizable = linearizable ?? false
        grant.graceMS = graceMs ?? 0
        grant.approvalActions = approvalActions ?? []
        grant.policyVersion = policyVersion ?? ""
        grant.toolVersion = toolVersion ?? ""
        guard let hash = Hex.decode(promptHash ?? "") else {
            throw NodeError(.configuration, "'prompt_hash' must be hexadecimal")
        }
        grant.promptHash = hash
        return grant
    }

    /// From now, in milliseconds.
    private func lifetime() throws -> Int64 {
        guard let ttlMs else { return 900_000 }
        guard expiresAt == nil else {
            throw NodeError(
                .configuration, "'ttl_ms' and 'expires_at' are both there: one of them says when it expires")
        }
        guard ttlMs > 0, ttlMs <= Times.last - Clocks.wall() else {
            throw NodeError(.configuration, "'ttl_ms' must be 1 and more, and end before the year 10000")
        }
        return ttlMs
    }

    private func time(_ name: String, _ text: String?) throws -> WallTime? {
        guard let text else { return nil }
        guard let time = Times.parse(text) else {
            throw NodeError(
                .configuration, "'\(name)' must be an RFC 3339 time from 1970 to 9999, such as 2030-01-31T12:00:00Z")
        }
        // In the log it would say that the time was left out.
        guard time > 0 else {
            throw NodeError(
                .configuration,
                "'\(name)' is the first moment of 1970, by which nobody means a time: leave it out for none")
        }
        return time
    }
}
