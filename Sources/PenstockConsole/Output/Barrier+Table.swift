internal import PenstockEvidence

extension BarrierView {
    var table: [[String]] {
        let summary =
            "\(state) in \(elapsedMs) ms at position \(position) (bound \(boundMs) ms, \(matchedGrants) grants matched)"
        return [[summary]] + (nodes.isEmpty ? [] : [["NODE", "STATE", "AFTER MS", "EVIDENCE"]])
            + nodes.map {
                [
                    $0.node, $0.state, "\($0.afterMs)",
                    $0.state == "pending" ? "fenced in \($0.fencedBy) ms at the latest" : $0.evidence,
                ]
            }
    }
}
