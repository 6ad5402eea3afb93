internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockWire
internal import SwiftProtobuf

/// Requests, as messages.
extension Link {
    /// Nil where the mesh's name cannot stand in a checkpoint.
    func message(_ request: NodeRequest) -> Request.OneOf_Kind? {
        switch request {
        case .acknowledge(let progress, let root):
            return .ack(
                .with {
                    $0.incarnation = Data(progress.incarnation.bytes)
                    $0.applied = progress.applied
                    $0.root = Data(root.bytes)
                    $0.heard = progress.heard
                    $0.urgent = progress.urgent
                    $0.ended = progress.ended
                })
        case .echo(let progress, let root, let nonce, let rates):
            return .echo(
                .with {
                    $0.incarnation = Data(progress.incarnation.bytes)
                    $0.nonce = nonce
                    $0.applied = progress.applied
                    $0.root = Data(root.bytes)
                    $0.heard = progress.heard
                    $0.version = PenstockVersion.current
                    $0.viewAgeMs = progress.viewAgeMS
                    $0.rates = rates.proto
                    $0.recorded = Recorder(enforcer.journal).lastRecorded
                })
        case .fetch(let from): return .fetch(.with { $0.from = from })
        case .snapshot(let position, let offset):
            return .snapshot(.with { ($0.position, $0.offset) = (position, UInt64(offset)) })
        case .openSlices(let after): return .budgets(.with { ($0.node, $0.afterSlice) = (identity.name, after) })
        case .reserve(let request): return .reserve(request.proto)
        case .submit(let event): return .submit(.with { $0.event = Data(event.entry) })
        case .decisions(let batch, let records, let event):
            return .decisions(
                .with {
                    $0.incarnation = Data(batch.incarnation.bytes)
                    $0.firstSequence = batch.firstSequence
                    $0.count = batch.count
                    $0.records = Data(records)
                    $0.event = Data(event.entry)
                })
        case .cosign(let size, let root):
            guard let checkpoint = try? Checkpoint(origin: identity.member.mesh, size: size, root: root) else {
                return nil
            }
            let signature = cosigner.cosign(checkpoint, unixSeconds: UInt64(Clocks.wall() / 1000))
            return .cosign(.with { ($0.size, $0.line) = (size, signature.line) })
        case .checkpoint(let position): return .receipt(.with { $0.position = position })
        }
    }
}
