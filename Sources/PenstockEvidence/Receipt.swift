package import Foundation
internal import PenstockCore
package import PenstockNode
internal import PenstockProto

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

    package init(
        mesh: String, barrier: BarrierView, event: String, statementSignature: String, elapsedUs: Int64, complete: Bool
    ) {
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
