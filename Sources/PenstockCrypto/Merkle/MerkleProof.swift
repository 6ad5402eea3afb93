package import PenstockCore

/// Verification of Merkle proofs, which needs no tree. Wrong lengths and impossible sizes are simply false.
package enum MerkleProof {
    /// More hashes than any tree with 2⁶⁴ entries has levels.
    package static let maximumHashes = 64

    /// RFC 9162 section 2.1.3.2.
    /// - Parameters:
    ///   - leaf: the entry's leaf hash.
    ///   - index: of the entry, from 0.
    ///   - size: of the tree whose root is `root`, in entries.
    package static func verifyInclusion(
        leaf: Digest, index: UInt64, size: UInt64, proof: [Digest], root: Digest
    ) -> Bool {
        guard index < size else { return false }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = MerkleTree.nodeHash(sibling, hash)
                // A last node without a sibling moves up unchanged until it is a right child.
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = MerkleTree.nodeHash(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// RFC 9162 section 2.1.4.2. The empty tree is a prefix of every tree, with an empty proof.
    package static func verifyConsistency(
        from: UInt64, to: UInt64, oldRoot: Digest, newRoot: Digest, proof: [Digest]
    ) -> Bool {
        guard from <= to else { return false }
        if from == to { return proof.isEmpty && oldRoot == newRoot && (from > 0 || oldRoot == MerkleTree.emptyRoot) }
        if from == 0 { return proof.isEmpty && oldRoot == MerkleTree.emptyRoot }

        var proof = proof[...]
        // An old tree that is one complete subtree is its own first node, which the proof leaves out.
        guard let first = from & (from - 1) == 0 ? oldRoot : proof.popFirst() else { return false }
        var node = from - 1
        var last = to - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var old = first
        var new = first
        for sibling in proof {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                old = MerkleTree.nodeHash(sibling, old)
                new = MerkleTree.nodeHash(sibling, new)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                new = MerkleTree.nodeHash(new, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == newRoot
    }
}
