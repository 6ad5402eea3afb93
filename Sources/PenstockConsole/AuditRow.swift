internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

/// One recorded decision, joined with the grant that it names.
struct AuditRow: Encodable, TableRow {
    var time: String
    var node: String
    var incarnation: String
    var sequence: UInt64
    /// The decision that the row is about: itself, or the one that it ends. Empty for a count.
    var decisionId: String
    /// call, hold, settle, release, void, debt or count.
    var kind: String
    /// allow, deny, settle, release, void or debt.
    var decision: String
    var reason: String
    var grantId: String
    var runId: String
    var agentId: String
    var agentClass: String
    var principalId: String
    var purpose: String
    var audience: String
    var issuer: String
    var policyVersion: String
    var promptHash: String
    var action: String
    var resource: String
    var callId: String
    /// Which budget, rate or bound denied it.
    var limit: String
    /// What was asked for, held, settled or owed.
    var amounts: [String: Int64]
    /// What the row has spent; a void takes it back. What a debt is about is in its settlement's cost already.
    var cost: [String: Int64]
    /// Which prices the amounts come from, and what was measured for them.
    var priceVersion: String
    var basis: String
    var argumentsDigest: String
    var position: UInt64
    var viewAgeMs: Int64
    var traceId: String
    /// For what ends a hold: the sequence of the decision that it ends.
    var ends: UInt64
    /// Where the call came in: library, unix, tcp or mcp.
    var door: String
    /// How many decisions the row stands for: 1, or so many denials of one door, reason and grant that have no row of their
    /// own, since `since`.
    var count: UInt64
    var since: String
    /// What --cursor takes to go on behind this row.
    var cursor: String

    /// Nil for bytes that cannot be read.
    init?(_ row: Penstock_V1_DecisionRow, _ grants: [UInt64: Penstock_V1_GrantInForce]) {
        guard let record = [UInt8](row.record).withUnsafeBytes({ DecisionRecord($0) }), let kind = record.kind.name else { return nil }
        time = Times.text(record.wall)
        node = row.node
        incarnation = Hex.encode(row.incarnation)
        sequence = row.place.sequence
        self.kind = kind
        decision = record.outcome.rawValue
        let run = record.endedRun?.description ?? incarnation
        decisionId = record.kind == .counted ? "" : "\(run)-\(record.kind.endsDecision ? record.decision : sequence)"
        reason = record.reason.name
        let grant = grants[record.grant] ?? .init()
        (grantId, runId, agentId, agentClass) = (grant.grantID, grant.runID, grant.agentID, grant.agentClass)
        (principalId, purpose, audience, issuer) = (grant.principalID, grant.purpose, grant.audience, grant.issuer)
        (policyVersion, promptHash) = (grant.policyVersion, Hex.encode(grant.promptHash))
        action = record.action
        resource = record.resourceType.isEmpty ? "" : "\(record.resourceType):\(record.resourceID)"
        callId = record.callID
        limit = record.limit
        amounts = Dictionary(record.amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: Self.sum)
        cost = switch record.kind {
        case .decided: record.reason == .none ? amounts : [:]
        case .settled: amounts
        case .voided: amounts.mapValues { 0 &- $0 }
        case .held, .released, .owed, .owedAgain, .carried, .counted: [:]
        }
        (priceVersion, basis) = (record.priceVersion, record.basis)
        argumentsDigest = record.argumentsDigest == .zero || record.endedRun != nil ? "" : record.argumentsDigest.hex
        position = record.position
        viewAgeMs = record.viewAge < 0 || record.viewAge == .max ? -1 : record.viewAge / 1_000_000
        traceId = record.traceID == .unknown ? "" : record.traceID.description
        ends = record.decision
        door = record.door.name
        count = record.kind == .counted ? record.count : 1
        since = Times.text(Self.sum(record.wall, 0 &- record.lasted / 1_000_000))
        cursor = "\(AuditCursor(row.place))"
    }

    /// What a member ships is its word: no figure of it may end whoever reads it.
    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (a < 0 ? .min : .max) : sum
    }

    static let heading = ["TIME", "NODE", "AGENT", "RUN", "ACTION", "RESOURCE", "DECISION", "REASON", "LIMIT", "COST", "COUNT"]

    var columns: [String] {
        let cost = cost.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        return [time, node, agentId, runId, action, resource, decision, reason, limit, cost, "\(count)"]
    }
}
