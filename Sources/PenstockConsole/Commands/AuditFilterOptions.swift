internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockProto
internal import SwiftProtobuf

/// Which decisions are meant.
struct AuditFilterOptions: ParsableArguments {
    @Option(help: "Only this agent's.") var agent: String?
    @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?
    @Option(help: "Only this grant's.") var grant: String?
    @Option(help: "Only this principal's.") var principal: String?
    @Option(help: "Only of this class of agents.") var agentClass: String?
    @Option(help: "Only for this purpose.") var purpose: String?
    @Option(help: "Only for this audience.") var audience: String?
    @Option(help: "Only of grants of this issuer.") var issuer: String?
    @Option(help: "Only this node's.") var node: String?
    @Option(help: "Only this tool: --resource tool:NAME.") var tool: String?
    @Option(help: "Only this resource: TYPE:PATTERN, exact or ending in '*'.") var resource: String?
    @Option(help: "Only this action, exact or ending in '*'.") var action: String?
    @Option(help: "Only of this kind: \(DecisionRecord.filterWords.joined(separator: ", ")). Repeatable.") var kind:
        [String] = []
    @Option(help: "A decision's id: that decision, and what ended it. Or a kind, as with --kind.") var decision: String?
    @Option(help: "Only this reason, by its name.") var reason: String?
    @Option(help: "Not before: an RFC 3339 time, or how long ago, as in 15m; by the node's clock.") var since: TimeText?
    @Option(help: "Before: as --since.") var until: TimeText?

    func validate() throws {
        let words = DecisionRecord.filterWords
        for word in kind where !words.contains(word) {
            throw ValidationError("--kind is one of \(words.joined(separator: ", "))")
        }
        if let decision, !words.contains(decision), DecisionID(decision) == nil {
            throw ValidationError(
                "--decision is a decision's id, INCARNATION-NUMBER, or one of \(words.joined(separator: ", "))")
        }
        let reasons = Reason.allCases.map(\.name)
        if let reason, !reasons.contains(reason) {
            throw ValidationError("--reason is one of \(reasons.joined(separator: ", "))")
        }
        if let tool, let problem = ResourcePattern.problem("tool:\(tool)") {
            throw ValidationError("--tool: \(problem)")
        }
        if let resource, let problem = ResourcePattern.problem(resource) {
            throw ValidationError("--resource: \(problem)")
        }
        if let action, let problem = Pattern.problem(action) { throw ValidationError("--action: \(problem)") }
        if tool != nil, resource != nil { throw ValidationError("name one of --tool and --resource") }
        if let since, let until, since.milliseconds >= until.milliseconds {
            throw ValidationError("--until lies at or before --since: nothing is between")
        }
        for (name, text) in [
            ("agent", agent), ("run", runID), ("grant", grant), ("principal", principal), ("agent-class", agentClass),
            ("purpose", purpose), ("audience", audience), ("issuer", issuer), ("node", node),
        ] {
            try Ids.checkExact(text, "--\(name)")
        }
    }

    func query() throws -> Penstock_V1_DecisionQuery {
        .with {
            (($0.agentID, $0.runID), ($0.grantID, $0.principalID)) = (
                (agent ?? "", runID ?? ""), (grant ?? "", principal ?? "")
            )
            (($0.agentClass, $0.purpose), ($0.audience, $0.issuer)) = (
                (agentClass ?? "", purpose ?? ""), (audience ?? "", issuer ?? "")
            )
            ($0.node, $0.action, $0.reason) = (node ?? "", action ?? "", reason ?? "")
            $0.resource = resource ?? tool.map { "tool:\($0)" } ?? ""
            $0.kinds = kind
            if let decision {
                if let id = DecisionID(decision) {
                    ($0.incarnation, $0.sequence) = (Data(id.incarnation.bytes), id.sequence)
                } else {
                    $0.kinds.append(decision)
                }
            }
            ($0.sinceMs, $0.untilMs) = (since?.milliseconds ?? 0, until?.milliseconds ?? 0)
        }
    }
}
