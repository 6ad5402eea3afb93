internal import Foundation
internal import PenstockCore
internal import PenstockNode
package import PenstockProto
internal import SwiftProtobuf

/// One recorded decision, joined with the grant that it names.
package struct AuditRow: Encodable {
    package var time: String
    package var node: String
    package var incarnation: String
    package var sequence: UInt64
    /// The decision that the row is about: itself, or the one that it ends. Empty for a count.
    package var decisionId: String
    /// call, hold, settle, release, void, debt or count.
    package var kind: String
    /// allow, deny, settle, release, void or debt.
    package var decision: String
    package var reason: String
    package var grantId: String
    package var runId: String
    package var agentId: String
    package var agentClass: String
    package var principalId: String
    package var purpose: String
    package var audience: String
    package var issuer: String
    package var policyVersion: String
    package var promptHash: String
    package var action: String
    package var resource: String
    package var callId: String
    /// Which budget, rate or bound denied it.
    package var limit: String
    /// What was asked for, held, settled or owed.
    package var amounts: [String: Int64]
    /// What the row has spent; a void takes it back. What a debt is about is in its settlement's cost already.
    package var cost: [String: Int64]
    /// Which prices the amounts come from, and what was measured for them.
    package var priceVersion: String
    package var basis: String
    package var argumentsDigest: String
    package var position: UInt64
    package var viewAgeMs: Int64
    package var traceId: String
    /// For what ends a hold: the sequence of the decision that it ends.
    package var ends: UInt64
    /// Where the call came in: library, unix, tcp or mcp.
    package var door: String
    /// How many decisions the row stands for: 1, or so many denials of one door, reason and grant that have no row of
    /// their own, since `since`.
    package var count: UInt64
    package var since: String
    /// What --cursor takes to go on behind this row.
    package var cursor: String

    /// Nil for bytes that cannot be read.
    package init?(_ row: Penstock_V1_DecisionRow, _ grants: [UInt64: Penstock_V1_GrantInForce]) {
        guard let record = [UInt8](row.record).withUnsafeBytes({ DecisionRecord($0) }), let kind = record.kind.name
        else { return nil }
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
        cost =
            switch record.kind {
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
}
