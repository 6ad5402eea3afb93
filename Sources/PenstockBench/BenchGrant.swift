internal import PenstockCore
internal import PenstockCrypto

/// The grant that benchmarks issue by the hundred thousand.
enum BenchGrant {
    static func make(_ number: Int, credential: Digest, expiresAt: WallTime) -> Grant {
        var grant = Grant()
        grant.grantID = "grt_\(Base64URL.encode(SecureRandom.bytes(16)))"
        grant.runID = "run_\(Base64URL.encode(SecureRandom.bytes(16)))"
        grant.agentID = "agent-\(number)"
        grant.agentClass = "coder"
        grant.principalID = "team-\(number % 100)"
        grant.purpose = "maintenance"
        grant.allowedActions = ["tools/call", "tools/list"]
        grant.resources = ["tool:git_*", "mcp_server:*"]
        grant.expiresAt = expiresAt
        grant.budgets = [Amount("calls", 1 << 41)]
        grant.credentialDigest = credential
        return grant
    }
}
