internal import PenstockCore
package import PenstockProto

/// What a ledger states about a barrier, as lines that it signs: fenced nodes have no signature of their own.
/// Everything that a receipt shows is in it.
package enum ReceiptStatement {
    package static func text(mesh: String, barrier: Penstock_V1_BarrierReply) -> [UInt8] {
        var lines = [
            "penstock receipt v2", mesh, "\(barrier.position)", Hex.encode(barrier.eventID), name(barrier.state),
        ]
        lines += ["\(barrier.elapsedUs)", "\(barrier.boundMs)", "\(barrier.matchedGrants)"]
        for node in barrier.nodes {
            let times = "\(node.afterMs) \(node.appliedPosition) \(node.fencedInMs)"
            lines.append(
                """
                \(node.node) \(Hex.encode(node.incarnation)) \(name(node.state)) \(times) \
                \(node.cosigned ? "cosigned" : "-") \(node.evidence)
                """
            )
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    package static func name(_ state: Penstock_V1_BarrierReply.State) -> String {
        switch state {
        case .closed: "CLOSED"
        case .lifted: "LIFTED"
        case .partial, .unspecified, .UNRECOGNIZED: "PARTIAL"
        }
    }

    package static func name(_ state: Penstock_V1_NodeStatus.State) -> String {
        switch state {
        case .enforced: "enforced"
        case .fenced: "fenced"
        case .pending, .unspecified, .UNRECOGNIZED: "pending"
        }
    }
}
