package import PenstockCore

/// Which events, or decisions, stay in the store. The others go to the archive, oldest first.
package struct KeptInStore: Sendable, Equatable {
    /// Milliseconds; nil for ever.
    package var age: WallTime?
    /// Bytes of the store; nil for as many as there are.
    package var bytes: Int?

    package init(age: WallTime? = nil, bytes: Int? = nil) { (self.age, self.bytes) = (age, bytes) }

    package init(days: Int?, bytes: Int?) {
        self.init(age: days.map { WallTime($0) * 86_400_000 }, bytes: bytes)
    }

    package var isEverything: Bool { self == KeptInStore() }
}
