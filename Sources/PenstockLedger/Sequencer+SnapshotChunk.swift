internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import SwiftProtobuf

extension Sequencer {
    /// A part of a snapshot, which is made when none is new enough.
    func chunk(_ request: Penstock_V1_SnapshotRequest) throws -> Penstock_V1_SnapshotChunk {
        try ledger.checkServing()
        let snapshot: SnapshotBuilder.Snapshot
        if request.position == 0 {
            guard
                let latest = snapshots.latest(
                    head: ledger.state.view.position, view: ledger.state.view, frontier: tree.frontier,
                    epoch: ledger.state.epoch)
            else {
                throw Refusal(.busy, "a snapshot is being made", retryAfterMS: 20)
            }
            snapshot = latest
        } else {
            guard let kept = snapshots.kept(request.position) else {
                throw Refusal(.notFound, "that snapshot is gone; begin anew", retryAfterMS: 20)
            }
            snapshot = kept
        }
        guard request.offset <= UInt64(snapshot.bytes.count) else {
            throw Refusal(.malformed, "the offset lies past the snapshot's end")
        }
        let start = Int(request.offset)
        let end = min(start + Limits.pageBytes, snapshot.bytes.count)
        return .with {
            $0.position = snapshot.position
            $0.epoch = snapshot.epoch
            $0.totalBytes = UInt64(snapshot.bytes.count)
            $0.offset = request.offset
            $0.bytes = Data(snapshot.bytes[start..<end])
            $0.head = tree.size
            if start == 0 {
                $0.digest = Data(snapshot.digest.bytes)
                $0.signature = Data(snapshot.signature)
                $0.frontier = snapshot.frontier.map { Data($0.bytes) }
            }
        }
    }
}
