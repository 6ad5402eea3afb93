package import PenstockCore

/// Where full tiles are kept, each with the 256 hashes that C2SP tlog-tiles has in it.
package protocol TileSource {
    associatedtype Failure: Error

    /// The hashes of a full tile that was taken from ``TiledTree/unsaved`` and kept.
    func hashes(of tile: TilePlace) throws(Failure) -> [Digest]
}

/// A tile of level L has 256 hashes, each the root over 256ᴸ entries.
package struct TilePlace: Hashable, Sendable {
    package var level: Int
    package var index: Int

    package init(level: Int, index: Int) { (self.level, self.index) = (level, index) }
}

/// The tree of a log that may grow: only its right edge is in memory, and a few tiles that were read last.
///
/// Vocabulary: a tile is *full* with 256 hashes; the one that a level still fills is its *edge*.
/// Law: it answers as a ``MerkleTree`` of the same entries does. It belongs to one thread.
package final class TiledTree<Source: TileSource>: SubtreeHashes {
    package typealias Failure = Source.Failure

    /// The root and size, at any moment without a look at the source.
    package private(set) var frontier = MerkleFrontier()
    /// Full tiles that the source does not have yet, in the order in which they became full.
    package private(set) var unsaved: [(place: TilePlace, hashes: MerkleTree)] = []

    private let source: Source
    /// Of each level, what is in its edge: a tree over up to 255 hashes.
    private var edges: [MerkleTree] = []
    private var cache: [TilePlace: MerkleTree] = [:]
    private var cachedByAge: [TilePlace] = []

    /// Tiles kept in memory, of 16 KiB each with the hashes above them: the last 4,096 entries' at the least, in which
    /// the nodes are that say how far they have come.
    private static var cachedTiles: Int { 64 }

    package var size: UInt64 { frontier.size }
    package var root: Digest { frontier.root }

    /// - Parameter fullTiles: of level 0 that the source has, beside every full tile above them.
    package init(_ source: Source, fullTiles: Int) throws(Failure) {
        self.source = source
        guard fullTiles > 0 else { return }
        var (count, level) = (fullTiles, 0)
        edges = [MerkleTree()]
        while count > 0 {
            let above = count / LogTiles.width
            var edge = MerkleTree()
            for index in above * LogTiles.width..<count {
                edge.append(MerkleTree(leaves: try source.hashes(of: TilePlace(level: level, index: index))).root)
            }
            edges.append(edge)
            (count, level) = (above, level + 1)
        }
        frontier = edgeFrontier(size: UInt64(fullTiles * LogTiles.width))
    }

    /// The complete subtrees that make up the tree, each within an edge.
    private func edgeFrontier(size: UInt64) -> MerkleFrontier {
        var hashes: [Digest] = []
        for bit in (0..<edges.count * 8).reversed() where size & 1 << UInt64(bit) != 0 {
            let index = Int(size >> UInt64(bit + 1)) << 1
            hashes.append(edges[bit / 8].hash(level: bit % 8, index: index & (1 << (8 - bit % 8) - 1)))
        }
        guard let frontier = MerkleFrontier(size: size, hashes: hashes) else {
            preconditionFailure("a complete subtree for each bit of the size")
        }
        return frontier
    }

    /// - Parameter leaf: from ``MerkleTree/leafHash(_:)-([UInt8])``.
    package func append(_ leaf: Digest) {
        frontier.append(leaf)
        var (hash, level) = (leaf, 0)
        while true {
            if level == edges.count { edges.append(MerkleTree()) }
            edges[level].append(hash)
            guard edges[level].size == LogTiles.width else { return }
            let tile = edges[level]
            edges[level] = MerkleTree()
            let place = TilePlace(level: level, index: Int(size) >> (8 * (level + 1)) - 1)
            unsaved.append((place, tile))
            keep(tile, at: place)
            (hash, level) = (tile.root, level + 1)
        }
    }

    /// The source has the first so many of ``unsaved``.
    package func saved(_ count: Int) { unsaved.removeFirst(count) }

    package func hash(level: Int, index: Int) throws(Failure) -> Digest {
        let (tileLevel, row) = (level / 8, level % 8)
        let place = TilePlace(level: tileLevel, index: index >> (8 - row))
        let within = index & (1 << (8 - row) - 1)
        let isFull = place.index < Int(size) >> (8 * (tileLevel + 1))
        return try isFull
            ? tile(place).hash(level: row, index: within) : edges[tileLevel].hash(level: row, index: within)
    }

    private func tile(_ place: TilePlace) throws(Failure) -> MerkleTree {
        if let tile = cache[place] { return tile }
        if let waiting = unsaved.first(where: { $0.place == place }) { return waiting.hashes }
        let tile = MerkleTree(leaves: try source.hashes(of: place))
        keep(tile, at: place)
        return tile
    }

    private func keep(_ tile: MerkleTree, at place: TilePlace) {
        if cachedByAge.count == Self.cachedTiles { cache[cachedByAge.removeFirst()] = nil }
        cache[place] = tile
        cachedByAge.append(place)
    }
}
