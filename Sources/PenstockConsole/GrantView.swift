internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire

/// A grant as JSON prints it: every member that it was issued with, and what became of it. Null is what was not set.
struct GrantView: Encodable {
    var grantId: String
    var runId: String
    var agentId: String
    var agentClass: String
    var principalId: String
    var issuer: String
    var purpose: String
    var audience: String
    var workload: String
    var confirmation: OrNull<[String: String]>
    var allowedActions: [String]
    var resources: [String]
    var conditions: [String]
    var notBefore: OrNull<String>
    var expiresAt: String
    var renewableUntil: OrNull<String>
    var budgets: [String: Int64]
    var maxAmounts: [String: Int64]
    var rates: [String: String]
    var draws: [String]
    var maxStalenessMs: OrNull<UInt32>
    var linearizable: Bool
    var graceMs: UInt32
    var parent: OrNull<String>
    /// Levels that may be delegated from it.
    var delegate: UInt32
    /// Levels above it.
    var depth: Int
    /// Grants delegated from it directly.
    var children: Int
    var approvalActions: [String]
    var policyVersion: String
    var promptHash: String
    var toolVersion: String
    var position: UInt64
    /// Of `grant show` alone: whoever holds a credential finds its grant by it.
    var credentialDigest: String?
    /// One of `states`.
    var state: String

    static let states = View.GrantState.allCases.filter { $0 != .forgotten }.map(\.name)

    /// - Parameter issued: the grant as its event states it, for what the ledger says in no list.
    init(_ row: Penstock_V1_GrantRow, issued: Grant? = nil) throws {
        let grant = row.grant.grant
        (grantId, runId, agentId, agentClass, principalId) = (
            grant.grantID, grant.runID, grant.agentID, grant.agentClass, grant.principalID
        )
        (issuer, purpose, audience, workload, position) = (
            row.grant.issuer, grant.purpose, grant.audience, grant.workload, row.grant.position
        )
        confirmation = OrNull(try Confirmation(of: grant).map(GrantConfirmation.members))
        (allowedActions, resources, draws, approvalActions) = (
            grant.allowedActions, grant.resources, grant.draws, grant.approvalActions
        )
        conditions = grant.conditions.map { "\($0.path) \($0.operator) \($0.value)" }
        (notBefore, expiresAt, renewableUntil) = (
            OrNull(time: grant.notBeforeMs), Times.text(grant.expiresAtMs), OrNull(time: grant.renewableUntilMs)
        )
        budgets = Dictionary(grant.budgets.map { ($0.unit, $0.value) }, uniquingKeysWith: max)
        maxAmounts = Dictionary(grant.maxAmounts.map { ($0.unit, $0.value) }, uniquingKeysWith: min)
        rates = Dictionary(
            try grant.rates.map { ($0.unit, RateText.written(try Rate($0))) }, uniquingKeysWith: { first, _ in first })
        maxStalenessMs = OrNull(grant.maxStalenessMs == 0 ? nil : grant.maxStalenessMs)
        (linearizable, graceMs, parent) = (
            grant.linearizable, grant.graceMs, OrNull(grant.parent.isEmpty ? nil : grant.parent)
        )
        (delegate, depth, children) = (grant.delegationDepth, Int(row.depth), Int(row.children))
        (policyVersion, promptHash, toolVersion) = (
            grant.policyVersion, Hex.encode(grant.promptHash), grant.toolVersion
        )
        credentialDigest = issued?.credentialDigest.hex
        state = try View.GrantState(row.state).name
    }

    var fields: [[String]] {
        func amounts(_ amounts: [String: Int64]) -> String {
            amounts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
        let subject = [
            ["grant", grantId], ["run", runId], ["agent", agentId], ["class", agentClass], ["principal", principalId],
            ["issuer", issuer], ["purpose", purpose], ["audience", audience], ["workload", workload],
            ["bound to", confirmation.value?.first.map { "\($0.key) \($0.value)" } ?? ""],
            ["parent", parent.text], ["depth", depth > 0 ? "\(depth)" : ""],
            ["may delegate", delegate > 0 ? "\(delegate) levels" : ""],
            ["children", children > 0 ? "\(children)" : ""],
        ]
        let bounds = [
            ["allows", allowedActions.joined(separator: " ")], ["resources", resources.joined(separator: " ")],
            ["conditions", conditions.joined(separator: "; ")],
            ["approval for", approvalActions.joined(separator: " ")], ["not before", notBefore.text],
            ["expires", expiresAt], ["renewable to", renewableUntil.text], ["budgets", amounts(budgets)],
            ["most a call", amounts(maxAmounts)],
            ["rates", rates.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")],
            ["draws on", draws.joined(separator: " ")],
            ["max staleness", maxStalenessMs.value.map { "\($0) ms" } ?? ""],
            ["linearizable", linearizable ? "yes" : ""], ["grace", graceMs > 0 ? "\(graceMs) ms" : ""],
        ]
        let context = [
            ["policy", policyVersion], ["prompt hash", promptHash], ["tool version", toolVersion],
            ["credential", credentialDigest.map { "SHA-256 \($0)" } ?? ""],
            ["state", state], ["position", "\(position)"],
        ]
        return (subject + bounds + context).filter { !$0[1].isEmpty }
    }
}
