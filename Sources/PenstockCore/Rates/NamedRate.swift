/// A rate that every grant which matches is held to, over all nodes together.
package struct NamedRate: Hashable, Sendable {
    /// With its name.
    package var rate: Rate
    package var selector: Selector

    package init(_ rate: Rate, for selector: Selector) {
        self.rate = rate
        self.selector = selector
    }
}

extension Rate {
    /// Whether this one never admits more than the other, in any span of time.
    package func isWithin(_ other: Rate) -> Bool {
        Int128(limit) * Int128(other.periodMS) <= Int128(other.limit) * Int128(periodMS) && burst <= other.burst
    }
}
