internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockStore

/// What is older, or more, than the store keeps goes to the archive.
extension Sequencer {
    private static var archiveInterval: Nanoseconds { 10 * .nanosecondsPerSecond }

    func moveToArchive(at now: Instant) {
        guard now - archivedAt >= Self.archiveInterval, ledger.room == .everything else { return }
        archivedAt = now
        let time = ledger.stamp(at: now)
        if !decisionsKept.isEverything { archive.move(decisionsKept, now: time) }
        if !logKept.isEverything { moveEvents(now: time) }
    }

    /// Full bundles alone, and only what lies below every snapshot: no start needs the archive.
    private func moveEvents(now: WallTime) {
        guard let oldest = stateSnapshots.oldest else { return }
        do {
            let end = min(oldest, max(endByAge(now), try endBySize()))
            let limit = end / Position(TilePath.width) * Position(TilePath.width)
            guard limit > store.archivedThrough, let root = try tree.root(size: limit) else { return }
            let checkpoint = try PenstockCrypto.Checkpoint(origin: identity.member.mesh, size: limit, root: root)
            logArchive.move(through: limit, checkpoint: checkpointSigner.sign(checkpoint).encoded)
        } catch {
            logger.error("events were not moved to the archive", metadata: ["error": "\(error)"])
        }
    }

    private func endByAge(_ now: WallTime) -> Position {
        logKept.age.map { firstPosition(since: now - $0) - 1 } ?? 0
    }

    /// As many as are above the size, at the size of an average one.
    private func endBySize() throws -> Position {
        guard let most = logKept.bytes else { return 0 }
        let (used, through) = (try store.liveLogBytes(), store.archivedThrough)
        guard used > most, tree.size > through else { return 0 }
        let average = max(1, used / Int(tree.size - through))
        return through + Position((used - most) / average)
    }
}
