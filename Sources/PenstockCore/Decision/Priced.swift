/// Which prices an amount comes from, and what was measured for it: enough to derive a recorded spend again.
public struct Priced: Hashable, Sendable {
    /// Of the price table; at most `Limits.priceVersionBytes`. Empty for amounts that no table gave.
    public var version: String
    /// The quantities, such as `calls=1 arguments.n=5 result_bytes=1234`; at most `Limits.basisBytes`.
    public var basis: String

    public init(version: String = "", basis: String = "") {
        self.version = version
        self.basis = basis
    }

    /// Amounts that were declared, or held.
    public static let none = Priced()

    package var isWithinLimits: Bool {
        version.utf8.count <= Limits.priceVersionBytes && basis.utf8.count <= Limits.basisBytes
    }
}
