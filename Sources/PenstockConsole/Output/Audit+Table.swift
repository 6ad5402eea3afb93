internal import PenstockEvidence

extension AuditRow: TableRow {
    static let heading = [
        "TIME", "NODE", "AGENT", "RUN", "ACTION", "RESOURCE", "DECISION", "REASON", "LIMIT", "COST", "COUNT",
    ]

    var columns: [String] {
        let cost = cost.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        return [time, node, agentId, runId, action, resource, decision, reason, limit, cost, "\(count)"]
    }
}

extension NodeCoverage {
    static func print(_ nodes: [NodeCoverage], _ output: OutputFormat) throws {
        try Output.print(list: nodes, output) {
            [["NODE", "SHIPPED", "RECORDED", "SAID MS AGO", "INCARNATION"]]
                + nodes.map {
                    [
                        $0.node, "\($0.shipped)", $0.recorded.value.map(String.init) ?? "",
                        $0.saidMsAgo.value.map(String.init) ?? "", $0.incarnation,
                    ]
                }
        }
    }
}
