package import PenstockCore

/// What a node needs of a Merkle tree to append and to know the root: at most 64 hashes.
/// Laws: after the same appends its root equals ``MerkleTree/root``; `init(size:hashes:)` undoes `size` and `hashes`.
package struct MerkleFrontier: Hashable, Sendable {
    /// In entries.
    package private(set) var size: UInt64
    /// The roots of the complete subtrees that make up the tree, largest first: one for each 1 bit of `size`.
    package private(set) var hashes: [Digest]

    package init() {
        size = 0
        hashes = []
    }

    /// Nil unless there is one hash for each 1 bit of `size`. Whether they are the right ones, only ``root`` tells.
    package init?(size: UInt64, hashes: [Digest]) {
        guard hashes.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.hashes = hashes
    }

    /// - Parameter leaf: from ``MerkleTree/leafHash(_:)-([UInt8])``.
    package mutating func append(_ leaf: Digest) {
        var hash = leaf
        // Each trailing 1 bit of the size is a complete subtree that the new one completes to a larger.
        for _ in 0..<(~size).trailingZeroBitCount {
            hash = MerkleTree.nodeHash(hashes.removeLast(), hash)
        }
        hashes.append(hash)
        size += 1
    }

    package var root: Digest {
        guard var root = hashes.last else { return MerkleTree.emptyRoot }
        for hash in hashes.dropLast().reversed() {
            root = MerkleTree.nodeHash(hash, root)
        }
        return root
    }
}
