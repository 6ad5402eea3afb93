internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockSystem
internal import PenstockWire
internal import Synchronization

/// Makes snapshots on a thread of its own, from a copy of the view, so that a large one delays no echo.
final class SnapshotBuilder: Sendable {
    struct Snapshot: Sendable {
        var position: Position
        var epoch: UInt64
        var bytes: [UInt8]
        var digest: Digest
        var signature: [UInt8]
        var frontier: [Digest]
    }

    private struct State {
        var kept: [Snapshot] = []
        var building: SystemThread?
    }

    private let state = Mutex(State())
    private let key: SigningKey
    private let wake: WakeSignal

    /// A node that fetches more than this many events after its snapshot is slower than one with a newer snapshot.
    private static let worthRebuilding: Position = 2_000
    private static let keptCount = 2

    init(key: SigningKey, wake: WakeSignal) {
        self.key = key
        self.wake = wake
    }

    /// A snapshot that is new enough, or nil while one is being made.
    func latest(head: Position, view: View, frontier: MerkleFrontier, epoch: UInt64) -> Snapshot? {
        state.withLock { state in
            if let last = state.kept.last, head - last.position < Self.worthRebuilding, last.epoch == epoch {
                return last
            }
            guard state.building == nil else { return nil }
            state.building = try? SystemThread(name: "snapshot") { [self] in
                let snapshot = build(view, frontier, epoch)
                self.state.withLock {
                    $0.kept = ($0.kept + [snapshot]).suffix(Self.keptCount)
                    $0.building = nil
                }
                wake.signal()
            }
            return nil
        }
    }

    func kept(_ position: Position) -> Snapshot? {
        state.withLock { $0.kept.first { $0.position == position } }
    }

    private func build(_ view: View, _ frontier: MerkleFrontier, _ epoch: UInt64) -> Snapshot {
        let bytes = SnapshotCodec.encode(view)
        let digest = SHA256.hash(bytes)
        let message = SnapshotSignature.message(position: view.position, epoch: epoch, digest: digest)
        return Snapshot(
            position: view.position, epoch: epoch, bytes: bytes, digest: digest, signature: key.sign(message),
            frontier: frontier.hashes)
    }
}
