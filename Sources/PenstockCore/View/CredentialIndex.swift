internal import CPrefetch

/// Finds a grant by its credential's digest: open addressing over 32-bit indices, probed by the digest's own bits.
/// Half the memory of a dictionary and one cache line a look-up.
package struct CredentialIndex: Sendable {
    private static let empty = UInt32.max
    private var slots = [UInt32](repeating: empty, count: 64)
    package private(set) var count = 0

    package init() {}

    /// Asks for the memory of the grant that `find` will most likely come to; -1 where it finds none.
    @inline(__always)
    package func prefetch(_ digest: Digest, in grants: borrowing ContiguousArray<GrantRecord>) -> Int {
        let index = slots[Int(truncatingIfNeeded: digest.words.0) & (slots.count - 1)]
        guard index != Self.empty else { return -1 }
        grants.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + Int(index)) }
        return Int(index)
    }

    @inline(__always)
    package func find(_ digest: Digest, in grants: borrowing ContiguousArray<GrantRecord>) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: digest.words.0) & mask
        while true {
            let index = slots[slot]
            if index == Self.empty { return nil }
            if grants[Int(index)].credential == digest { return Int(index) }
            slot = (slot + 1) & mask
        }
    }

    /// The digest must not be there yet.
    package mutating func insert(_ digest: Digest, at index: Int, in grants: ContiguousArray<GrantRecord>) {
        if (count + 1) * 2 > slots.count { grow(to: slots.count * 2, grants) }
        place(digest, UInt32(index))
        count += 1
    }

    package mutating func reserveCapacity(_ wanted: Int, in grants: ContiguousArray<GrantRecord>) {
        var size = slots.count
        while wanted * 2 > size { size *= 2 }
        if size > slots.count { grow(to: size, grants) }
    }

    private mutating func grow(to size: Int, _ grants: ContiguousArray<GrantRecord>) {
        let old = slots
        slots = [UInt32](repeating: Self.empty, count: size)
        for index in old where index != Self.empty {
            place(grants[Int(index)].credential, index)
        }
    }

    private mutating func place(_ digest: Digest, _ index: UInt32) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: digest.words.0) & mask
        while slots[slot] != Self.empty { slot = (slot + 1) & mask }
        slots[slot] = index
    }
}
