package import Foundation
package import PenstockCore
internal import PenstockCrypto
internal import PenstockNode

/// A grant as a JSON file states it: the members of `grant show`.
package struct GrantFile: Decodable {
    var agentId: String
    var runId: String?
    var agentClass: String?
    var principalId: String?
    var purpose: String?
    var audience: String?
    var workload: String?
    var allowedActions: [String]
    var resources: [String]?
    var conditions: [String]?
    var notBefore: String?
    var expiresAt: String?
    var ttlMs: Int64?
    var renewableUntil: String?
    var budgets: [String: Int64]?
    var maxAmounts: [String: Int64]?
    var draws: [String]?
    var maxStalenessMs: UInt32?
    var linearizable: Bool?
    var graceMs: UInt32?
    var approvalActions: [String]?
    var policyVersion: String?
    var promptHash: String?
    var toolVersion: String?

    static func newID(_ prefix: String) -> String { "\(prefix)_\(Base64URL.encode(SecureRandom.bytes(16)))" }

    static func read(_ path: String) throws -> Grant {
        guard let data = FileManager.default.contents(atPath: path) else { throw NodeError(.configuration, "cannot read \(path)") }
        return try parse(data, path)
    }

    /// - Parameter path: for what it says when the data is no grant.
    package static func parse(_ data: Data, _ path: String) throws -> Grant {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let known: Set<String> = [
            "agent_id", "run_id", "agent_class", "principal_id", "purpose", "audience", "workload", "allowed_actions", "resources",
            "conditions", "not_before", "expires_at", "ttl_ms", "renewable_until", "budgets", "max_amounts", "draws", "max_staleness_ms",
            "linearizable", "grace_ms", "approval_actions", "policy_version", "prompt_hash", "tool_version",
        ]
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw NodeError(.configuration, "\(path) is no JSON object") }
        if let unknown = object.keys.first(where: { !known.contains($0) }) { throw NodeError(.configuration, "\(path) has a member '\(unknown)', which no grant has in this version") }
        do {
            return try decoder.decode(GrantFile.self, from: data).grant()
        } catch let error as DecodingError {
            throw NodeError(.configuration, "\(path) is no grant: \(error)")
        }
    }

    private func grant() throws -> Grant {
        var grant = Grant()
        grant.grantID = Self.newID("grt")
        grant.runID = runId ?? Self.newID("run")
        grant.agentID = agentId
        (grant.agentClass, grant.principalID, grant.purpose) = (agentClass ?? "", principalId ?? "", purpose ?? "")
        (grant.audience, grant.workload) = (audience ?? "", workload ?? "")
        grant.allowedActions = allowedActions
        grant.resources = resources ?? []
        grant.conditions = try (conditions ?? []).map {
            guard let condition = Grant.Condition(parsing: $0) else { throw NodeError(.configuration, "condition '\($0)' is not 'PATH OP VALUE'") }
            return condition
        }
        grant.notBefore = try time(notBefore) ?? 0
        grant.expiresAt = try time(expiresAt) ?? Clocks.wall() + lifetime()
        grant.renewableUntil = try time(renewableUntil) ?? 0
        grant.budgets = (budgets ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.maxAmounts = (maxAmounts ?? [:]).sorted { $0.key < $1.key }.map { Amount($0.key, $0.value) }
        grant.draws = draws ?? []
        grant.maxStalenessMS = maxStalenessMs ?? 0
        grant.linearizable = linearizable ?? false
        grant.graceMS = graceMs ?? 0
        grant.approvalActions = approvalActions ?? []
        grant.policyVersion = policyVersion ?? ""
        grant.toolVersion = toolVersion ?? ""
        guard let hash = Hex.decode(promptHash ?? "") else { throw NodeError(.configuration, "prompt_hash is hexadecimal") }
        grant.promptHash = hash
        return grant
    }

    /// From now, in milliseconds.
    private func lifetime() throws -> Int64 {
        let milliseconds = ttlMs ?? 900_000
        // As far as a year in RFC 3339 has four digits, which is also far from overflowing.
        guard (1...253_402_300_799_999).contains(milliseconds) else { throw NodeError(.configuration, "ttl_ms is out of range") }
        return milliseconds
    }

    private func time(_ text: String?) throws -> WallTime? {
        guard let text else { return nil }
        guard let time = Times.parse(text) else { throw NodeError(.configuration, "'\(text)' is no RFC 3339 time") }
        return time
    }
}

/// A grant as JSON prints it.
struct GrantView: Encodable {
    var grantId: String
    var runId: String
    var agentId: String
    var agentClass: String
    var principalId: String
    var issuer: String
    var purpose: String
    var audience: String
    var allowedActions: [String]
    var resources: [String]
    var conditions: [String]
    var notBefore: String
    var expiresAt: String
    var budgets: [String: Int64]
    var maxAmounts: [String: Int64]
    var draws: [String]
    var maxStalenessMs: UInt32
    var linearizable: Bool
    var graceMs: UInt32
    var position: UInt64
    var credentialDigest: String
    /// live, revoked, suspended or expired.
    var state: String

    init(_ view: View, _ index: Int) {
        let placed = view.placedGrant(index)
        let grant = placed.grant
        (grantId, runId, agentId, agentClass, principalId) = (grant.grantID, grant.runID, grant.agentID, grant.agentClass, grant.principalID)
        (issuer, purpose, audience, position) = (placed.issuer, grant.purpose, grant.audience, placed.position)
        (allowedActions, resources, draws) = (grant.allowedActions, grant.resources, grant.draws)
        conditions = grant.conditions.map { "\($0.path) \($0.comparison.rawValue) \($0.value)" }
        (notBefore, expiresAt) = (Times.text(grant.notBefore), Times.text(grant.expiresAt))
        budgets = Dictionary(grant.budgets.map { ($0.unit, $0.value) }, uniquingKeysWith: max)
        maxAmounts = Dictionary(grant.maxAmounts.map { ($0.unit, $0.value) }, uniquingKeysWith: min)
        (maxStalenessMs, linearizable, graceMs) = (grant.maxStalenessMS, grant.linearizable, grant.graceMS)
        credentialDigest = grant.credentialDigest.hex
        let marks = view.marks(onGrant: index)
        state = marks.contains(.revoked) ? "revoked" : marks.contains(.suspended) ? "suspended" : grant.expiresAt <= Clocks.wall() ? "expired" : "live"
    }

    var fields: [[String]] {
        [
            ["grant", grantId], ["run", runId], ["agent", agentId], ["class", agentClass], ["principal", principalId], ["issuer", issuer],
            ["purpose", purpose], ["audience", audience], ["allows", allowedActions.joined(separator: " ")],
            ["resources", resources.joined(separator: " ")], ["conditions", conditions.joined(separator: "; ")], ["not before", notBefore],
            ["expires", expiresAt], ["budgets", budgets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")],
            ["state", state], ["position", "\(position)"],
        ].filter { !$0[1].isEmpty }
    }
}
