internal import ArgumentParser
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode

extension GrantCommand.Issue {
    func fromFlags() throws -> Grant {
        guard let agent else { throw ValidationError("--agent is missing") }
        var grant = Grant()
        grant.grantID = GrantFile.newID("grt")
        grant.parent = parent ?? ""
        grant.delegate = UInt32(delegate ?? 0)
        grant.runID = runID ?? (parent == nil ? GrantFile.newID("run") : "")
        grant.agentID = agent
        (grant.agentClass, grant.principalID, grant.purpose) = (agentClass ?? "", principal ?? "", purpose ?? "")
        (grant.audience, grant.workload) = (audience ?? "", workload ?? "")
        grant.confirmation = try confirmation()
        grant.allowedActions = allow
        grant.resources = resource
        grant.conditions = try when.map {
            guard let condition = Grant.Condition(parsing: $0) else {
                throw ValidationError("'\($0)' is not 'PATH OP VALUE'")
            }
            return condition
        }
        if let notBefore {
            guard let time = Times.parse(notBefore), time > 0 else {
                throw ValidationError(
                    "--not-before is an RFC 3339 time from 1970 to 9999, such as 2030-01-31T12:00:00Z")
            }
            grant.notBefore = time
        }
        if parent == nil || ttl != nil {
            grant.expiresAt = try (ttl ?? DurationText(milliseconds: 900_000)).fromNow("--ttl")
        }
        grant.renewableUntil = try renewable?.fromNow("--renewable") ?? 0
        grant.budgets = budget.map { Amount($0.unit, $0.value) }
        grant.maxAmounts = maxAmount.map { Amount($0.unit, $0.value) }
        grant.rates = rate.map(\.rate)
        grant.draws = draw
        grant.maxStalenessMS = UInt32(clamping: maxStaleness?.milliseconds ?? 0)
        grant.linearizable = linearizable
        grant.graceMS = UInt32(clamping: grace?.milliseconds ?? 0)
        grant.approvalActions = approval
        grant.policyVersion = policyVersion ?? ""
        guard let hash = Hex.decode(promptHash ?? "") else { throw ValidationError("--prompt-hash is hexadecimal") }
        grant.promptHash = hash
        return grant
    }

    private func confirmation() throws -> Confirmation? {
        guard let certificate else {
            return try keyThumbprint.map { .key(try GrantConfirmation.thumbprint($0, "--key-thumbprint")) }
        }
        guard keyThumbprint == nil else { throw ValidationError("--certificate or --key-thumbprint, not both") }
        let text = try TextFile.read("the certificate", certificate)
        do throws(IdentityError) {
            return .certificate(try Certificate.read(pem: text)[0].thumbprint)
        } catch {
            throw NodeError(.configuration, "\(certificate): \(error)")
        }
    }

    /// What would mislead a reader of the log, and what the mesh would not do.
    func check(_ grant: Grant, _ client: LedgerClient) throws {
        let ids: [(String, String)] = [
            ("the agent", grant.agentID), ("the run", grant.runID), ("the agent's class", grant.agentClass),
            ("the principal", grant.principalID),
            ("the purpose", grant.purpose), ("the audience", grant.audience), ("the workload", grant.workload),
            ("the policy's version", grant.policyVersion),
            ("the tool's version", grant.toolVersion), ("the parent", grant.parent),
        ]
        for (name, id) in ids { try Ids.check(id, name, mayBeEmpty: true) }
        for text in grant.allowedActions + grant.resources + grant.approvalActions + grant.draws {
            try Ids.check(text, "a pattern or name", mayBeEmpty: true)
        }
        for unit in (grant.budgets + grant.maxAmounts).map(\.unit) + grant.rates.map(\.unit) {
            try Ids.check(unit, "a unit")
        }
        if let problem = grant.problem { throw NodeError(.configuration, problem) }
        guard grant.maxStalenessMS > 0 || grant.graceMS > 0 else { return }
        let settings = try client.settings()
        guard grant.maxStalenessMS <= settings.maxStalenessMS else {
            throw NodeError(
                .configuration,
                "the mesh's views may be \(settings.maxStalenessMS) ms old: a grant's max staleness cannot be more")
        }
        guard grant.graceMS <= settings.maxGraceMS else {
            throw NodeError(
                .configuration, "the mesh allows a grace of \(settings.maxGraceMS) ms: a grant's cannot be more")
        }
    }
}
