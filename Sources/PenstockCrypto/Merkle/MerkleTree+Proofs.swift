package import PenstockCore

extension MerkleTree {
    /// Shows that entry `index` is in the tree of `size`: PATH of RFC 6962 section 2.1.1, from the leaf's sibling up to
    /// the root's child. Nil unless `index < size ≤` the tree's size.
    package func inclusionProof(index: UInt64, size: UInt64) -> [Digest]? {
        guard size <= self.size, index < size else { return nil }
        return path(Int(index), 0, Int(size))
    }

    private func path(_ index: Int, _ start: Int, _ count: Int) -> [Digest] {
        guard count > 1 else { return [] }
        let left = Self.split(count)
        if index < left {
            return path(index, start, left) + [subtreeRoot(start + left, count - left)]
        } else {
            return path(index - left, start + left, count - left) + [subtreeRoot(start, left)]
        }
    }

    /// Shows that the tree of size `to` only appended to that of size `from`: PROOF of RFC 6962 section 2.1.2.
    /// Empty for equal sizes and for `from` 0. Nil unless `from ≤ to ≤` the tree's size.
    package func consistencyProof(from: UInt64, to: UInt64) -> [Digest]? {
        guard to <= size, from <= to else { return nil }
        guard from > 0 else { return [] }
        return subproof(Int(from), 0, Int(to), isWhole: true)
    }

    /// - Parameter isWhole: the old tree is this very subtree, so the verifier has its root already.
    private func subproof(_ old: Int, _ start: Int, _ count: Int, isWhole: Bool) -> [Digest] {
        if old == count {
            return isWhole ? [] : [subtreeRoot(start, count)]
        }
        let left = Self.split(count)
        if old <= left {
            return subproof(old, start, left, isWhole: isWhole) + [subtreeRoot(start + left, count - left)]
        } else {
            return subproof(old - left, start + left, count - left, isWhole: false) + [subtreeRoot(start, left)]
        }
    }
}
