internal import PenstockCore
internal import PenstockCrypto
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
    var credentialDigest: String
    /// One of `states`.
    var state: String

    static let states = ["live", "revoked", "suspended", "expired"]

    /// - Parameters:
    ///   - issued: the grant as its event states it: the view keeps only what decides.
    ///   - index: its place in the view, which knows what became of it and what it has from its parent.
    init(_ issued: Grant, _ view: View, _ index: Int, children: Int, at time: WallTime) {
        let placed = view.placedGrant(index)
        let grant = placed.grant
        (grantId, runId, agentId, agentClass, principalId) = (grant.grantID, grant.runID, grant.agentID, grant.agentClass, grant.principalID)
        (issuer, purpose, audience, workload, position) = (placed.issuer, grant.purpose, grant.audience, grant.workload, placed.position)
        (allowedActions, resources, draws, approvalActions) = (grant.allowedActions, grant.resources, grant.draws, grant.approvalActions)
        conditions = grant.conditions.map { "\($0.path) \($0.comparison.rawValue) \($0.value)" }
        (notBefore, expiresAt, renewableUntil) = (OrNull(time: grant.notBefore), Times.text(grant.expiresAt), OrNull(time: grant.renewableUntil))
        budgets = Dictionary(grant.budgets.map { ($0.unit, $0.value) }, uniquingKeysWith: max)
        maxAmounts = Dictionary(grant.maxAmounts.map { ($0.unit, $0.value) }, uniquingKeysWith: min)
        rates = Dictionary(grant.rates.map { ($0.unit, RateText.written($0)) }, uniquingKeysWith: { first, _ in first })
        maxStalenessMs = OrNull(grant.maxStalenessMS == 0 ? nil : grant.maxStalenessMS)
        (linearizable, graceMs, parent) = (grant.linearizable, grant.graceMS, OrNull(grant.parent.isEmpty ? nil : grant.parent))
        (delegate, depth, self.children) = (grant.delegate, view.chain(ofGrant: index).dropFirst().reduce(0) { depth, _ in depth + 1 }, children)
        (policyVersion, promptHash, toolVersion) = (issued.policyVersion, Hex.encode(issued.promptHash), issued.toolVersion)
        credentialDigest = grant.credentialDigest.hex
        let marks = view.marks(onGrant: index)
        state = marks.contains(.revoked) ? "revoked" : marks.contains(.suspended) ? "suspended" : grant.expiresAt <= time ? "expired" : "live"
    }

    /// All grants that are wanted, in the order of the log.
    ///
    /// - Parameter root: only this grant and what was delegated from it.
    static func read(_ client: LedgerClient, under root: String? = nil, where isWanted: (GrantView) -> Bool) throws -> [GrantView] {
        var view = View()
        var issued: [(Int, Grant)] = []
        try client.readLog { position, entry in
            let event = try SignedEvent(entry: entry).event
            try view.apply(event, at: position)
            guard case .grantIssued(let grant) = event.kind, let index = view.index(ofGrant: grant.grantID) else { return }
            issued.append((index, grant))
        }
        let children: [Int: Int] = view.grants.reduce(into: [:]) { $0[Int($1.parent), default: 0] += 1 }
        let time = try client.time()?.latestMs ?? Clocks.wall()
        var wanted: [GrantView] = []
        for (index, grant) in issued {
            if let root, !view.covers(.subtree(root), index) { continue }
            let row = GrantView(grant, view, index, children: children[index] ?? 0, at: time)
            if isWanted(row) { wanted.append(row) }
        }
        return wanted
    }

    var fields: [[String]] {
        func amounts(_ amounts: [String: Int64]) -> String { amounts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
        return [
            ["grant", grantId], ["run", runId], ["agent", agentId], ["class", agentClass], ["principal", principalId], ["issuer", issuer],
            ["purpose", purpose], ["audience", audience], ["workload", workload], ["parent", parent.text], ["depth", depth > 0 ? "\(depth)" : ""], ["may delegate", delegate > 0 ? "\(delegate) levels" : ""],
            ["children", children > 0 ? "\(children)" : ""], ["allows", allowedActions.joined(separator: " ")],
            ["resources", resources.joined(separator: " ")], ["conditions", conditions.joined(separator: "; ")],
            ["approval for", approvalActions.joined(separator: " ")], ["not before", notBefore.text], ["expires", expiresAt],
            ["renewable to", renewableUntil.text], ["budgets", amounts(budgets)], ["most a call", amounts(maxAmounts)], ["rates", rates.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")], ["draws on", draws.joined(separator: " ")],
            ["max staleness", maxStalenessMs.value.map { "\($0) ms" } ?? ""], ["linearizable", linearizable ? "yes" : ""], ["grace", graceMs > 0 ? "\(graceMs) ms" : ""],
            ["policy", policyVersion], ["prompt hash", promptHash], ["tool version", toolVersion], ["credential", "SHA-256 \(credentialDigest)"],
            ["state", state], ["position", "\(position)"],
        ].filter { !$0[1].isEmpty }
    }
}
