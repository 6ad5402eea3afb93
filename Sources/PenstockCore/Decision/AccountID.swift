/// An account of one of a node's shards.
package struct AccountID: Hashable, Sendable, Comparable {
    package var shard: Int32
    package var number: Int32

    package init(shard: Int32, number: Int32) { (self.shard, self.number) = (shard, number) }

    package static func < (a: Self, b: Self) -> Bool { (a.shard, a.number) < (b.shard, b.number) }
}
