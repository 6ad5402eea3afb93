package import Foundation
internal import PenstockCore
package import PenstockNode
package import PenstockProto

/// A receipt's JSON file. The event's bytes are in it, so that nothing else is needed to verify.
package struct Receipt: Codable, Sendable {
    package var mesh: String
    package var barrier: BarrierView
    /// Base64 of the signed revoke event: the Merkle leaf.
    package var event: String
    /// Base64 of the ledger's signature over the statement of each node's state.
    package var statementSignature: String
    var elapsedUs: Int64
    package var complete: Bool

    package init(mesh: String, barrier: BarrierView, event: String, statementSignature: String, elapsedUs: Int64, complete: Bool) {
        (self.mesh, self.barrier, self.event) = (mesh, barrier, event)
        (self.statementSignature, self.elapsedUs, self.complete) = (statementSignature, elapsedUs, complete)
    }
}

extension Receipt {
    /// A file has exactly the members that `write` gives it, each once.
    package init(parsing file: Data, _ path: String = "receipt") throws(NodeError) {
        self = try StrictJSON.decode(Receipt.self, from: file, path, snakeCase: true)
    }
}

extension Receipt {
    /// The barrier as the ledger stated it.
    var proto: Penstock_V1_BarrierReply {
        var reply = Penstock_V1_BarrierReply()
        reply.position = barrier.position
        reply.eventID = Data(Hex.decode(barrier.eventId) ?? [])
        reply.state = barrier.state == "CLOSED" ? .closed : barrier.state == "LIFTED" ? .lifted : .partial
        reply.elapsedUs = elapsedUs
        reply.boundMs = barrier.boundMs
        reply.matchedGrants = barrier.matchedGrants
        reply.nodes = barrier.nodes.map { node in
            var status = Penstock_V1_NodeStatus()
            status.node = node.node
            status.incarnation = Data(Hex.decode(node.incarnation) ?? [])
            status.state = node.state == "enforced" ? .enforced : node.state == "fenced" ? .fenced : .pending
            status.afterMs = node.afterMs
            status.appliedPosition = node.appliedPosition
            (status.fencedInMs, status.evidence, status.cosigned) = (node.fencedBy, node.evidence, node.cosigned)
            return status
        }
        return reply
    }
}

/// What a barrier came to, as `revoke` and receipts print it.
package struct BarrierView: Codable, Sendable {
    package struct Node: Codable, Sendable {
        package var node: String
        var incarnation: String
        package var state: String
        var afterMs: Int64
        var appliedPosition: UInt64
        var fencedBy: Int64
        var evidence: String
        var cosigned: Bool
    }

    var position: UInt64
    var eventId: String
    package var state: String
    var elapsedMs: Double
    var boundMs: Int64
    package var nodes: [Node]
    package var matchedGrants: UInt64

    package init(_ proto: Penstock_V1_BarrierReply) {
        position = proto.position
        eventId = Hex.encode(proto.eventID)
        state = ReceiptStatement.name(proto.state)
        elapsedMs = Double(proto.elapsedUs) / 1000
        boundMs = proto.boundMs
        matchedGrants = proto.matchedGrants
        nodes = proto.nodes.map {
            Node(
                node: $0.node, incarnation: Hex.encode($0.incarnation), state: ReceiptStatement.name($0.state), afterMs: $0.afterMs,
                appliedPosition: $0.appliedPosition, fencedBy: $0.fencedInMs, evidence: $0.evidence, cosigned: $0.cosigned)
        }
    }

    var table: [[String]] {
        let summary = "\(state) in \(elapsedMs) ms at position \(position) (bound \(boundMs) ms, \(matchedGrants) grants matched)"
        return [[summary]] + (nodes.isEmpty ? [] : [["NODE", "STATE", "AFTER MS", "EVIDENCE"]])
            + nodes.map { [$0.node, $0.state, "\($0.afterMs)", $0.state == "pending" ? "fenced in \($0.fencedBy) ms at the latest" : $0.evidence] }
    }
}
