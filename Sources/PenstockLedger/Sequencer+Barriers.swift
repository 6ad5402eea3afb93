internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

/// A barrier as it is told.
extension Sequencer {
    /// - Parameter counts: whether it says how many grants it matches.
    func describe(_ barrier: Barrier, counts: Bool = true, at now: Instant) -> Penstock_V1_BarrierReply {
        .with {
            $0.position = barrier.position
            $0.eventID = Data(barrier.eventID.bytes)
            switch barrier.state {
            case .waiting: $0.state = .partial
            case .closed: $0.state = .closed
            case .lifted: $0.state = .lifted
            }
            let end = barrier.state == .waiting ? now : barrier.settledAt
            $0.elapsedUs = (end - barrier.openedAt) / 1000
            $0.boundMs = barrier.bound / .nanosecondsPerMillisecond
            $0.nodes = barrier.nodes.map { node in
                .with {
                    $0.node = node.node
                    $0.incarnation = node.incarnation == .unknown ? Data() : Data(node.incarnation.bytes)
                    $0.afterMs =
                        ((node.state == .pending ? now : node.settledAt) - barrier.openedAt)
                        / .nanosecondsPerMillisecond
                    $0.appliedPosition = node.applied
                    switch node.state {
                    case .enforced:
                        $0.state = .enforced
                        $0.evidence = "acknowledged"
                    case .fenced:
                        $0.state = .fenced
                        $0.evidence =
                            node.incarnation == .unknown
                            ? "no lease given before this ledger started can be live"
                            : "no lease given to it can be live"
                    case .pending:
                        $0.state = .pending
                        $0.fencedInMs = max(0, node.fencedAt - now) / .nanosecondsPerMillisecond
                    }
                    $0.cosigned = turn.evidence.isCosigned(barrier.position, by: node.node)
                }
            }
            if counts, let standing = ledger.state.view.restrictions[barrier.position] {
                $0.matchedGrants = UInt64(ledger.state.view.matchedGrants(standing.restriction.selector))
            }
        }
    }
}
