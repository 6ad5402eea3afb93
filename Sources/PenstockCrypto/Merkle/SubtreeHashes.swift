package import PenstockCore

/// The roots of a log's complete subtrees, wherever they are kept: every earlier root and every proof of RFC 6962
/// section 2.1 is made of them, in O(log n) steps. Sizes and indices count entries; indices start at 0.
package protocol SubtreeHashes {
    /// Why a hash cannot be had.
    associatedtype Failure: Error

    var size: UInt64 { get }

    /// The root over the 2ᵏ entries from `index · 2ᵏ`, all of which the tree has.
    func hash(level: Int, index: Int) throws(Failure) -> Digest
}

extension SubtreeHashes {
    /// The root when the tree had `size` entries; nil if it never had that many.
    package func root(size: UInt64) throws(Failure) -> Digest? {
        guard size <= self.size else { return nil }
        return size == 0 ? MerkleTree.emptyRoot : try subtreeRoot(0, Int(size))
    }

    /// Shows that entry `index` is in the tree of `size`: PATH of RFC 6962 section 2.1.1, from the leaf's sibling up to
    /// the root's child. Nil unless `index < size ≤` the tree's size.
    package func inclusionProof(index: UInt64, size: UInt64) throws(Failure) -> [Digest]? {
        guard size <= self.size, index < size else { return nil }
        return try path(Int(index), 0, Int(size))
    }

    /// Shows that the tree of size `to` only appended to that of size `from`: PROOF of RFC 6962 section 2.1.2.
    /// Empty for equal sizes and for `from` 0. Nil unless `from ≤ to ≤` the tree's size.
    package func consistencyProof(from: UInt64, to: UInt64) throws(Failure) -> [Digest]? {
        guard to <= size, from <= to else { return nil }
        guard from > 0 else { return [] }
        return try subproof(Int(from), 0, Int(to), isWhole: true)
    }

    /// MTH of RFC 6962 over `count` ≥ 1 entries from `start`, which every caller takes at a multiple of the power of
    /// two that covers `count`.
    private func subtreeRoot(_ start: Int, _ count: Int) throws(Failure) -> Digest {
        if count & (count - 1) == 0 {
            let level = count.trailingZeroBitCount
            return try hash(level: level, index: start >> level)
        }
        let left = MerkleTree.split(count)
        return MerkleTree.nodeHash(
            try subtreeRoot(start, left), try subtreeRoot(start + left, count - left))
    }

    private func path(_ index: Int, _ start: Int, _ count: Int) throws(Failure) -> [Digest] {
        guard count > 1 else { return [] }
        let left = MerkleTree.split(count)
        if index < left {
            return try path(index, start, left) + [subtreeRoot(start + left, count - left)]
        } else {
            return try path(index - left, start + left, count - left) + [subtreeRoot(start, left)]
        }
    }

    /// - Parameter isWhole: the old tree is this very subtree, so the verifier has its root already.
    private func subproof(_ old: Int, _ start: Int, _ count: Int, isWhole: Bool) throws(Failure) -> [Digest] {
        if old == count {
            return isWhole ? [] : [try subtreeRoot(start, count)]
        }
        let left = MerkleTree.split(count)
        if old <= left {
            return try subproof(old, start, left, isWhole: isWhole) + [subtreeRoot(start + left, count - left)]
        } else {
            return try subproof(old - left, start + left, count - left, isWhole: false) + [subtreeRoot(start, left)]
        }
    }
}
