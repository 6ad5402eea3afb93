internal import PenstockCore
package import PenstockProto

/// What a ledger states about a barrier, as lines that it signs: fenced nodes have no signature of their own.
package enum ReceiptStatement {
    package static func text(mesh: String, barrier: Penstock_V1_BarrierReply) -> [UInt8] {
        var lines = ["penstock receipt v1", mesh, "\(barrier.position)", Hex.encode(barrier.eventID), name(barrier.state), "\(barrier.elapsedUs)", "\(barrier.boundMs)"]
        for node in barrier.nodes {
            lines.append("\(node.node) \(Hex.encode(node.incarnation)) \(name(node.state)) \(node.afterMs) \(node.appliedPosition)")
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
