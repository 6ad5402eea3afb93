internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Recorded decisions that enforcers have shipped, oldest first.",
        discussion: "A loop of denials has a row for the first few of a kind in ten seconds, and one row with the COUNT of the rest.")
    @OptionGroup var mesh: MeshOptions
    @Option(help: "Only this agent's.") var agent: String?
    @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?
    @Option(help: "Only this grant's.") var grant: String?
    @Option(help: "Only this node's.") var node: String?
    @Option(help: "allow, deny, settle, release or void.") var decision: String?
    @Option(help: "Only this reason, by its name.") var reason: String?
    @Option(help: "At most so many, the newest.") var limit = 1000

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is 1 or more") }
        let decisions = ["allow", "deny", "settle", "release", "void"]
        if let decision, !decisions.contains(decision) { throw ValidationError("--decision is one of \(decisions.joined(separator: ", "))") }
        let reasons = Reason.allCases.map(\.name)
        if let reason, !reasons.contains(reason) { throw ValidationError("--reason is one of \(reasons.joined(separator: ", "))") }
    }

    func run() throws {
        try Failure.run(mesh.output) {
            let client = try mesh.client(.auditor, .operator)
            let rows = try AuditRow.read(client).filter { row in
                (agent == nil || row.agentId == agent) && (runID == nil || row.runId == runID) && (grant == nil || row.grantId == grant)
                    && (node == nil || row.node == node) && (decision == nil || row.decision == decision) && (reason == nil || row.reason == reason)
            }.suffix(limit)
            try Output.print(list: Array(rows), mesh.output) {
                [["TIME", "NODE", "AGENT", "RUN", "ACTION", "RESOURCE", "DECISION", "REASON", "LIMIT", "COUNT"]]
                    + rows.map { [$0.time, $0.node, $0.agentId, $0.runId, $0.action, $0.resource, $0.decision, $0.reason, $0.limit, "\($0.count)"] }
            }
        }
    }
}

/// One recorded decision, joined with the grant that it names.
struct AuditRow: Encodable {
    var time: String
    var node: String
    var incarnation: String
    var sequence: UInt64
    var decision: String
    var reason: String
    var grantId: String
    var runId: String
    var agentId: String
    var principalId: String
    var purpose: String
    var policyVersion: String
    var promptHash: String
    var action: String
    var resource: String
    var callId: String
    /// Which budget, rate or bound denied it.
    var limit: String
    var amounts: [String: Int64]
    /// Which prices the amounts come from, and what was measured for them.
    var priceVersion: String
    var basis: String
    var argumentsDigest: String
    var position: UInt64
    var viewAgeMs: Int64
    var traceId: String
    /// For what ends a hold: the decision that it ends.
    var ends: UInt64
    /// Where the call came in: library, unix, tcp or mcp.
    var door: String
    /// How many decisions the row stands for: 1, or so many denials of one door, reason and grant that have no row of their
    /// own, since `since`.
    var count: UInt64
    var since: String

    static func read(_ client: LedgerClient) throws -> [AuditRow] {
        var grants: [Position: Grant] = [:]
        try client.readLog { position, entry in
            if case .grantIssued(let grant) = try SignedEvent(entry: entry).event.kind { grants[position] = grant }
        }
        var rows: [AuditRow] = []
        var after: Int64 = 0
        while true {
            let from = after
            guard case .audit(let page) = try client.ask(.audit(.with {
                $0.afterRow = from
                $0.limit = 64
            })) else { throw client.unexpected }
            guard let last = page.batches.last else { return rows }
            for batch in page.batches {
                var records = [UInt8](batch.detail.records)[...]
                var sequence = batch.detail.firstSequence
                while records.count >= 4 {
                    let count = Int(records.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
                    let body = Array(records.dropFirst(4).prefix(count))
                    records = records.dropFirst(4 + count)
                    if let record = body.withUnsafeBytes({ DecisionRecord($0) }), record.kind != .carried {
                        rows.append(AuditRow(record, sequence, batch.node, Hex.encode(batch.detail.incarnation), grants[record.grant]))
                    }
                    sequence += 1
                }
            }
            after = last.row
        }
    }

    init(_ record: DecisionRecord, _ sequence: UInt64, _ node: String, _ incarnation: String, _ grant: Grant?) {
        time = Times.text(record.wall)
        self.node = node
        self.incarnation = incarnation
        self.sequence = sequence
        switch record.kind {
        case .counted: decision = "deny"
        case .decided, .held: decision = record.reason == .none ? "allow" : "deny"
        case .settled: decision = "settle"
        case .released: decision = "release"
        case .voided, .carried: decision = "void"
        case .owed: decision = "debt"
        }
        reason = record.reason.name
        (grantId, runId, agentId) = (grant?.grantID ?? "", grant?.runID ?? "", grant?.agentID ?? "")
        (principalId, purpose, policyVersion) = (grant?.principalID ?? "", grant?.purpose ?? "", grant?.policyVersion ?? "")
        promptHash = Hex.encode(grant?.promptHash ?? [])
        action = record.action
        resource = record.resourceType.isEmpty ? "" : "\(record.resourceType):\(record.resourceID)"
        callId = record.callID
        limit = record.limit
        amounts = Dictionary(record.amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: { $0 + $1 })
        (priceVersion, basis) = (record.priceVersion, record.basis)
        argumentsDigest = record.argumentsDigest == .zero ? "" : record.argumentsDigest.hex
        position = record.position
        viewAgeMs = record.viewAge < 0 || record.viewAge == .max ? -1 : record.viewAge / 1_000_000
        traceId = record.traceID == .unknown ? "" : record.traceID.description
        ends = record.decision
        door = record.door.name
        count = record.kind == .counted ? record.count : 1
        since = Times.text(record.wall - record.lasted / 1_000_000)
    }
}
