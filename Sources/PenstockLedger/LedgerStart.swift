internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockStore
internal import PenstockWire

/// The tree of the log of record, with its tiles in the log's file.
typealias LogTree = TiledTree<StoredTiles>

struct StoredTiles: TileSource {
    let store: any LedgerStore

    func hashes(of tile: TilePlace) throws(StoreError) -> [Digest] {
        let bytes = try store.tile(level: tile.level, index: tile.index)
        return stride(from: 0, to: bytes.count, by: Digest.byteCount).compactMap {
            Digest(bytes[$0..<$0 + Digest.byteCount])
        }
    }
}

extension TiledTree<StoredTiles> {
    /// Stores full tiles, while the log has room for everything. They follow from the events: those that are not stored
    /// are made again at the next start.
    func saveTiles(to store: any LedgerStore, atLeast count: Int = 1) throws(StoreError) {
        guard unsaved.count >= count else { return }
        while !unsaved.isEmpty, store.room == .everything {
            let tiles = unsaved.prefix(StoreLimits.tilesPerSave).map { tile in
                StoredTile(
                    level: tile.place.level, index: tile.place.index, hashes: tile.hashes.leaves.flatMap(\.bytes))
            }
            do throws(StoreError) {
                try store.saveTiles(tiles)
            } catch {
                guard error.code == .full else { throw error }
                return
            }
            saved(tiles.count)
            try store.restock()
        }
    }
}

/// What a ledger begins with: its log's tree, and its state by the newest snapshot that agrees with the log and the
/// events behind it. Without one, by the whole log.
struct LedgerStart {
    let tree: LogTree
    private(set) var state: LedgerState

    private static let entriesPerReport: Position = 100_000

    init(_ store: any LedgerStore, _ snapshots: StateSnapshots, logger: Logger) throws {
        tree = try LogTree(StoredTiles(store: store), fullTiles: store.countTiles())
        let head = try store.head().position
        let behind = head - tree.size
        while tree.size < head {
            for stored in try Self.page(store, from: tree.size + 1) { tree.append(MerkleTree.leafHash(stored.bytes)) }
            try tree.saveTiles(to: store, atLeast: StoreLimits.tilesWaiting)
            if behind > Self.entriesPerReport {
                logger.info("hashing the log, once", metadata: ["position": "\(tree.size)", "of": "\(head)"])
            }
        }
        state = snapshots.load(tree) ?? LedgerState()
        let tail = head - state.view.position
        while state.view.position < head {
            for stored in try Self.page(store, from: state.view.position + 1) { try Self.fold(stored, &state) }
            if tail > Self.entriesPerReport {
                logger.info("folding the log", metadata: ["position": "\(state.view.position)", "of": "\(head)"])
            }
        }
    }

    /// Signatures were verified when the events came; `log verify` does it again.
    private static func fold(_ stored: StoredEvent, _ state: inout LedgerState) throws {
        do {
            let event = try SignedEvent(entry: stored.bytes)
            guard event.event.id == stored.id else {
                throw LedgerError(.corrupt, "its id is not the hash of its bytes")
            }
            try state.apply(event.event, at: stored.position)
        } catch {
            throw LedgerError(
                .corrupt, "the log is corrupt at position \(stored.position): \(error); restore it from a backup",
                cause: error)
        }
    }

    private static func page(_ store: any LedgerStore, from position: Position) throws -> [StoredEvent] {
        let page = try store.read(from: position, maxCount: 4096, maxBytes: 16 << 20)
        guard !page.isEmpty else {
            throw LedgerError(.corrupt, "log position \(position) is missing; restore the log from a backup")
        }
        return page
    }
}
