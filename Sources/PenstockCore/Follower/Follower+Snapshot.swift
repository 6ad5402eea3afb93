/// The view that a node starts from.
extension Follower {
    /// A snapshot that the ledger signed. Of another mesh, it is not served from.
    package mutating func loaded(_ view: View, head: Position, into enforcement: inout Enforcement, at now: Instant) {
        guard phase == .loading else { return }
        guard view.mesh == mesh else {
            return halt("the ledger's snapshot is of mesh '\(view.mesh)', and this node is of '\(mesh)'", &enforcement)
        }
        applied = view.position
        enforcement.load(view)
        enforcement.remember(predecessors.callIDs)
        phase = .live
        aim(at: max(head, applied), at: now)
        behindSince = .min
    }

    /// As above, with the root of the log that it is of.
    mutating func opened(
        _ view: View, _ root: Digest, head: Position, _ enforcement: inout Enforcement, at now: Instant
    ) {
        loaded(view, head: head, into: &enforcement, at: now)
        guard phase == .live else { return }
        self.root = root
        roots.add(root, at: applied)
        pending.after.append(.report(.viewLoaded(applied)))
    }

    mutating func take(_ chunk: SnapshotChunk, _ enforcement: inout Enforcement) {
        guard phase == .loading else { return }
        if chunk.offset == 0 {
            guard (0..<Limits.snapshotBytes).contains(chunk.byteCount) else {
                return halt("the ledger's snapshot makes no sense", &enforcement)
            }
            load = SnapshotLoad(chunk)
        }
        load?.add(chunk)
        if let load, load.isComplete {
            self.load = nil
            pending.after.append(.openSnapshot(load))
        }
        while outstanding.count + pending.asks.count < Limits.snapshotChunks, let offset = load?.nextOffset() {
            pending.asks.append(.snapshotChunk(of: chunk.position, offset: offset))
        }
    }
}
