internal import PenstockCore
internal import PenstockNode
package import PenstockProto

/// What a barrier came to, as `revoke` and receipts print it.
package struct BarrierView: Codable, Sendable {
    package struct Node: Codable, Sendable {
        package var node: String
        package var incarnation: String
        package var state: String
        package var afterMs: Int64
        package var appliedPosition: UInt64
        package var fencedBy: Int64
        package var evidence: String
        package var cosigned: Bool
    }

    package var position: UInt64
    package var eventId: String
    package var state: String
    package var elapsedMs: Double
    package var boundMs: Int64
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
                node: $0.node, incarnation: Hex.encode($0.incarnation), state: ReceiptStatement.name($0.state),
                afterMs: $0.afterMs,
                appliedPosition: $0.appliedPosition, fencedBy: $0.fencedInMs, evidence: $0.evidence,
                cosigned: $0.cosigned)
        }
    }
}
