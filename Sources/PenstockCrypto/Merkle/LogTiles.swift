package import PenstockCore

/// A log's tree as files that any web server can give out: C2SP tlog-tiles v0.1.0.
///
/// A tile has 256 hashes, or fewer at the tree's edge. Those of level 0 are leaves'; one of a higher level is the root
/// of a full tile below.
package struct LogTiles: Sendable {
    package static let width = TilePath.width

    private var levels: [[Digest]] = []

    package init() {}

    package mutating func append(_ leaf: Digest) {
        var hash = leaf
        var level = 0
        while true {
            if level == levels.count { levels.append([]) }
            levels[level].append(hash)
            guard levels[level].count.isMultiple(of: Self.width) else { return }
            hash = Self.root(levels[level].suffix(Self.width))
            level += 1
        }
    }

    /// Every tile, full and partial, with its path.
    package var tiles: [(path: String, hashes: ArraySlice<Digest>)] {
        levels.enumerated().flatMap { level, hashes in
            stride(from: 0, to: hashes.count, by: Self.width).map { start in
                let tile = hashes[start..<min(start + Self.width, hashes.count)]
                return (TilePath.path("\(level)", index: start / Self.width, width: tile.count), tile)
            }
        }
    }

    /// Of a full tile, whose subtree is perfect.
    private static func root(_ hashes: ArraySlice<Digest>) -> Digest {
        var row = Array(hashes)
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map { SHA256.hash(prefix: 1, row[$0], row[$0 + 1]) }
        }
        return row[0]
    }
}
