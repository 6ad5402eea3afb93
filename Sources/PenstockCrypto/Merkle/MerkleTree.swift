package import PenstockCore

/// The Merkle hash tree of RFC 6962 section 2.1 over an append-only list of entries.
///
/// It keeps the root of every complete subtree, about two digests for each entry, so that the root of any earlier size
/// and any proof takes O(log n) steps. Sizes and indices count entries; indices start at 0.
package struct MerkleTree: SubtreeHashes, Sendable {
    /// `levels[k][i]` is the root over the 2ᵏ entries from `i · 2ᵏ`; only complete subtrees have one.
    private var levels: [[Digest]] = [[]]

    package init() {}

    package init(leaves: some Sequence<Digest>) {
        for leaf in leaves { append(leaf) }
    }

    package var size: UInt64 { UInt64(levels[0].count) }

    /// The root of a tree without entries: the hash of nothing.
    package static let emptyRoot = SHA256.hash([])

    /// `SHA-256(0x00 ‖ entry)`: the prefix keeps an entry from passing for an inner node.
    package static func leafHash(_ entry: UnsafeRawBufferPointer) -> Digest {
        SHA256.hash(prefix: 0x00, entry)
    }

    package static func leafHash(_ entry: [UInt8]) -> Digest {
        entry.withUnsafeBytes { leafHash($0) }
    }

    /// `SHA-256(0x01 ‖ left ‖ right)`.
    package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest {
        SHA256.hash(prefix: 0x01, left, right)
    }

    /// - Parameter leaf: from ``leafHash(_:)-([UInt8])``.
    package mutating func append(_ leaf: Digest) {
        levels[0].append(leaf)
        var level = 0
        // A pair is complete exactly when its level's count has become even.
        while levels[level].count.isMultiple(of: 2) {
            let right = levels[level].count - 1
            let parent = Self.nodeHash(levels[level][right - 1], levels[level][right])
            level += 1
            if level == levels.count { levels.append([]) }
            levels[level].append(parent)
        }
    }

    package var root: Digest { root(size: size) ?? Self.emptyRoot }

    package func hash(level: Int, index: Int) -> Digest { levels[level][index] }

    /// The hashes of the entries.
    package var leaves: [Digest] { levels[0] }

    /// The compact state at the present size, to go on without the tree.
    package var frontier: MerkleFrontier {
        var hashes: [Digest] = []
        var start = 0
        for level in levels.indices.reversed() where size & (1 << UInt64(level)) != 0 {
            hashes.append(levels[level][start >> level])
            start += 1 << level
        }
        guard let frontier = MerkleFrontier(size: size, hashes: hashes) else {
            preconditionFailure("a complete subtree for each bit of the size")
        }
        return frontier
    }

    /// The largest power of two smaller than `count` ≥ 2.
    static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}
