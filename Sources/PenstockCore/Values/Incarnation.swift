/// One run of one process, named by 16 random bytes. Leases, acknowledgements and slices belong to it, never to
/// a node's name: a restart, or a second process under the same name, is another incarnation.
public struct Incarnation: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    public static let byteCount = 16

    /// Stands for leases that a ledger process before this one may have given to a node.
    public static let unknown = Incarnation(high: 0, low: 0)

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil unless there are exactly 16 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        (high, low) = (0, 0)
        for byte in bytes { (high, low) = (high << 8 | low >> 56, low << 8 | UInt64(byte)) }
    }

    public var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    public var description: String { Hex.encode(bytes) }

    public static func < (a: Incarnation, b: Incarnation) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}
