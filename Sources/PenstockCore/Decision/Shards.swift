/// The shards of one node, each on cache lines of its own, at an address that stays.
///
/// A decision changes one shard and reads the `NodeState`; nothing of it crosses shards. So decisions of different
/// shards may run on different threads at once, if the owner sees to two laws: nobody else touches a shard while a
/// decision of it runs, and nobody changes the `NodeState` while any decision runs.
///
/// Sendable without a check of the compiler's: the owner's laws are its locks. A copy names the same shards.
package struct Shards: @unchecked Sendable {
    private let storage: Storage
    private let base: UnsafeMutableRawPointer
    package let count: Int

    /// Two cache lines, as processors fetch the neighbour of the one that is asked for.
    private static let alignment = 128
    private static let stride = (MemoryLayout<Shard>.stride + alignment - 1) / alignment * alignment

    init(count: Int) {
        precondition(Limits.shards.contains(count), "a node has 1 to 64 shards")
        storage = Storage(count: count)
        base = storage.base
        self.count = count
    }

    /// In place: no shard is ever copied to be looked at.
    package subscript(_ number: Int) -> Shard {
        @inline(__always) unsafeAddress { UnsafePointer(pointer(number)) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer(number) }
    }

    @inline(__always)
    private func pointer(_ number: Int) -> UnsafeMutablePointer<Shard> {
        (base + number * Self.stride).assumingMemoryBound(to: Shard.self)
    }

    package var indices: Range<Int> { 0..<count }

    /// The shard of a grant, by its credential, which a call names and a grant keeps for life: so the shard is known
    /// before anything is locked or read, and is the same after a restart with as many shards.
    @inline(__always)
    package func number(of credential: Digest) -> Int {
        Int(truncatingIfNeeded: credential.words.0.multipliedFullWidth(by: UInt64(count)).high)
    }

    private final class Storage {
        let base: UnsafeMutableRawPointer
        let count: Int

        init(count: Int) {
            self.count = count
            base = .allocate(byteCount: count * Shards.stride, alignment: Shards.alignment)
            for number in 0..<count {
                (base + number * Shards.stride).initializeMemory(as: Shard.self, to: Shard(number, of: count))
            }
        }

        deinit {
            for number in 0..<count {
                (base + number * Shards.stride).assumingMemoryBound(to: Shard.self).deinitialize(count: 1)
            }
            base.deallocate()
        }
    }
}

extension Limits {
    /// Shards of one node: more than the cores of any machine that runs one, and few enough to lock one after the
    /// other.
    public static let shards: ClosedRange<Int> = 1...64
}
