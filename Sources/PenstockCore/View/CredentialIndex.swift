internal import CPrefetch

/// Finds a grant by its credential's digest: open addressing by a keyed hash of it, since issuers name digests as they
/// like, and ones that meet in a slot would cost every look-up. A slot is the grant's index under 32 more bits of the
/// hash, so that a look-up goes to the memory of no grant but the one it asks for. One cache line a look-up.
package struct CredentialIndex: Sendable {
    private static let empty = UInt64.max
    private static let tagMask = UInt64(UInt32.max) << 32
    package private(set) var slots = ContiguousArray(repeating: empty, count: 64)
    package private(set) var count = 0
    private let key: (UInt64, UInt64, UInt64, UInt64)

    /// The key is of the standard library's own for this process. What is found does not depend on it.
    package init() {
        func word(_ number: Int) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(number)
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }
        key = (word(0), word(1), word(2), word(3))
    }

    /// Asks for the memory of the slot where `find` begins, to be there by the time the clock has been read.
    @inline(__always)
    package func prefetchSlot(_ digest: Digest) {
        slots.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + first(hash(digest))) }
    }

    /// Asks for the memory of the grant that `find` will almost surely come to; -1 where it finds none.
    @inline(__always)
    package func prefetch(_ digest: Digest, in grants: borrowing ContiguousArray<GrantRecord>) -> Int {
        let hash = hash(digest)
        var slot = first(hash)
        while slots[slot] != Self.empty {
            if (slots[slot] ^ hash) & Self.tagMask == 0 {
                let index = Int(slots[slot] & ~Self.tagMask)
                grants.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + index) }
                return index
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return -1
    }

    @inline(__always)
    package func find(_ digest: Digest, in grants: borrowing ContiguousArray<GrantRecord>) -> Int? {
        let hash = hash(digest)
        var slot = first(hash)
        while slots[slot] != Self.empty {
            let index = Int(slots[slot] & ~Self.tagMask)
            if (slots[slot] ^ hash) & Self.tagMask == 0, grants[index].credential == digest { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The digest must not be there yet.
    package mutating func insert(_ digest: Digest, at index: Int, in grants: ContiguousArray<GrantRecord>) {
        if (count + 1) * 2 > slots.count { grow(to: slots.count * 2, grants) }
        place(digest, index)
        count += 1
    }

    /// What lies behind it, and did not find its own slot free, moves up: no look-up meets a gap.
    package mutating func remove(_ digest: Digest, in grants: ContiguousArray<GrantRecord>) {
        let mask = slots.count - 1
        var gap = first(hash(digest))
        while slots[gap] != Self.empty, grants[Int(slots[gap] & ~Self.tagMask)].credential != digest {
            gap = (gap + 1) & mask
        }
        guard slots[gap] != Self.empty else { return }
        count -= 1
        var next = (gap + 1) & mask
        while slots[next] != Self.empty {
            let home = first(hash(grants[Int(slots[next] & ~Self.tagMask)].credential))
            if (next - home) & mask >= (next - gap) & mask {
                slots[gap] = slots[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        slots[gap] = Self.empty
    }

    package mutating func reserveCapacity(_ wanted: Int, in grants: ContiguousArray<GrantRecord>) {
        var size = slots.count
        while wanted * 2 > size { size *= 2 }
        if size > slots.count { grow(to: size, grants) }
    }

    private mutating func grow(to size: Int, _ grants: ContiguousArray<GrantRecord>) {
        let old = slots
        slots = []
        slots.reserveInHugePages(size)
        slots.append(contentsOf: repeatElement(Self.empty, count: size))
        for slot in old where slot != Self.empty {
            let index = Int(slot & ~Self.tagMask)
            place(grants[index].credential, index)
        }
    }

    private mutating func place(_ digest: Digest, _ index: Int) {
        let hash = hash(digest)
        var slot = first(hash)
        while slots[slot] != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = hash & Self.tagMask | UInt64(index)
    }

    @inline(__always)
    private func first(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

    /// Products of 128 bits, folded (https://github.com/wangyi-fudan/wyhash). One fold of digests that differ by a
    /// constant step is such a sequence again, and some keys put that into neighbouring slots: what comes of it is
    /// folded once more.
    @inline(__always)
    private func hash(_ digest: Digest) -> UInt64 {
        let left = (digest.words.0 ^ key.0).multipliedFullWidth(by: digest.words.1 ^ key.1)
        let right = (digest.words.2 ^ key.2).multipliedFullWidth(by: digest.words.3 ^ key.3)
        let folded = left.high ^ left.low ^ right.high ^ right.low
        let spread = (folded ^ key.1).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return spread.high ^ spread.low
    }
}
