/// A quantity of a named unit (`usd_micros`, `tokens`, `calls`), in its smallest part. Never a float.
public struct Amount: Hashable, Sendable {
    public var unit: String
    public var value: Int64

    public init(_ unit: String, _ value: Int64) {
        self.unit = unit
        self.value = value
    }
}
