internal import Dispatch
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockStore
internal import Synchronization

/// Moves old events to the archive, on a thread of its own: bundle by bundle, with the tiles of their hashes, and
/// behind them a signed checkpoint, so that other tools can read the archive as a log.
final class LogArchive: Sendable {
    private let store: any LedgerStore
    private let logger: Logger
    private let queue = DispatchQueue(label: "penstock.log-archive")
    private let isMoving = Atomic(false)
    private let isEnding = Atomic(false)

    init(_ store: any LedgerStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// - Parameters:
    ///   - limit: a multiple of 256, at or below every snapshot that is kept.
    ///   - checkpoint: signed, of that size.
    func move(through limit: Position, checkpoint: String) {
        guard !isMoving.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.async { [self] in
            do throws(StoreError) {
                while !isEnding.load(ordering: .relaxed), try store.archiveBundle(through: limit) {
                    try writeFullTiles(store.archivedThrough)
                }
                if store.archivedThrough == limit { try writeEdge(limit, checkpoint) }
            } catch {
                logger.error("events were not moved to the archive", metadata: ["error": "\(error)"])
            }
            isMoving.store(false, ordering: .releasing)
        }
    }

    /// Waits for the bundle that was begun.
    func finish() {
        isEnding.store(true, ordering: .relaxed)
        queue.sync {}
    }

    /// Those that have become full with the entries up to a position.
    private func writeFullTiles(_ end: Position) throws(StoreError) {
        var (count, level) = (Int(end) / TilePath.width, 0)
        while count > 0 {
            let path = store.logArchive + "/" + TilePath.path("\(level)", index: count - 1)
            try store.writeArchived(store.tile(level: level, index: count - 1), to: path)
            guard count.isMultiple(of: TilePath.width) else { return }
            (count, level) = (count / TilePath.width, level + 1)
        }
    }

    /// Tiles of higher levels that are not full yet, and the checkpoint, last: whoever reads it finds what it stands
    /// for.
    private func writeEdge(_ size: Position, _ checkpoint: String) throws(StoreError) {
        var (count, level) = (Int(size) / TilePath.width, 1)
        while count > 0 {
            let width = count % TilePath.width
            if width > 0 {
                var hashes: [UInt8] = []
                for index in count - width..<count {
                    let tile = try StoredTiles(store: store).hashes(of: TilePlace(level: level - 1, index: index))
                    hashes += MerkleTree(leaves: tile).root.bytes
                }
                let path = TilePath.path("\(level)", index: count / TilePath.width, width: width)
                try store.writeArchived(hashes, to: store.logArchive + "/" + path)
            }
            (count, level) = (count / TilePath.width, level + 1)
        }
        let path = store.logArchive + "/checkpoint"
        do {
            try Data(checkpoint.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw StoreError(.io, "cannot write \(path): \(error)")
        }
    }
}
