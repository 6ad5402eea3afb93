/// Which rates a grant's calls fall under.
extension View {
    package struct PlacedRate: Hashable, Sendable {
        /// Of the event that made it.
        package var position: Position
        package var named: NamedRate

        package init(position: Position, named: NamedRate) {
            self.position = position
            self.named = named
        }
    }

    @inline(__always)
    func isRated(_ index: Int, _ marks: Marks) -> Bool {
        marks.contains(.rated) || marks.contains(.throttled) || rules[Int(grants[index].rules)].isRated
    }

    /// Every rate that bounds a grant's calls, each once: its own, those of each grant that it was delegated from, and
    /// those that cover any of these; and what throttles it.
    ///
    /// - Parameter node: whose calls they are.
    package func rates(ofGrant index: Int, at node: String = "") -> [(key: RateKey, rate: Rate)] {
        var found: [(key: RateKey, rate: Rate)] = []
        for above in chain(ofGrant: index) {
            let grant = grants[above]
            for rate in rules[Int(grant.rules)].rates {
                found.append((.grant(symbols.text(grant.grant), unit: rate.unit), rate))
            }
        }
        for placed in rates where covers(placed.named.selector, index) {
            found.append((.named(placed.named.rate.name), placed.named.rate))
        }
        guard marks(onGrant: index).union(marks(onNode: node)).contains(.throttled) else { return found }
        var throttles: [Position: Rate] = [:]
        forEachStanding(.throttled, onGrant: index, at: node) { throttles[$0] = $1.level.rate }
        return found + throttles.sorted { $0.key < $1.key }.map { (key: .throttle($0.key), rate: $0.value) }
    }

    /// Throttles that leave no call at all.
    func stops(_ index: Int, at node: String) -> [Restriction] {
        var found: [Restriction] = []
        forEachStanding(.throttled, onGrant: index, at: node) { _, restriction in
            if case .throttle(calls: 0, _) = restriction.level { found.append(restriction) }
        }
        return found
    }

    /// A rate, and the position of the event that made it.
    package func rate(_ key: RateKey) -> (rate: Rate, position: Position)? {
        switch key {
        case .named(let name):
            if let position = key.throttle {
                restrictions[position]?.restriction.level.rate.map { ($0, position) }
            } else {
                rates.first { $0.named.rate.name == name }.map { ($0.named.rate, $0.position) }
            }
        case .grant(let id, let unit):
            index(ofGrant: id).flatMap { index in
                rules[Int(grants[index].rules)].rates.first { $0.unit == unit }.map { ($0, grants[index].position) }
            }
        }
    }

    /// How much of its rates is left to a grant, in percent: the least that a standing throttle says.
    ///
    /// - Parameter node: whose calls they are.
    func percent(ofGrant index: Int, at node: String) -> Int64 {
        var least: Int64 = 100
        forEachStanding(.throttled, onGrant: index, at: node) { _, restriction in
            if case .scale(let percent) = restriction.level { least = min(least, Int64(percent)) }
        }
        return least
    }

    mutating func add(_ placed: PlacedRate) {
        rates.append(placed)
        mark(placed.named.selector, .rated)
    }
}

extension Restriction.Level {
    /// What a throttle of so many calls a window is kept as; nil for one that leaves none, and for anything else.
    var rate: Rate? {
        guard case .throttle(let calls, let windowMS) = self, calls > 0, windowMS > 0 else { return nil }
        let window = min(Int64(windowMS), Limits.ratePeriodMS.upperBound)
        // What is shorter than any rate's period is as many of them as make one.
        let times = (Limits.ratePeriodMS.lowerBound + window - 1) / window
        return Rate(unit: "calls", limit: Int64(calls) * times, periodMS: window * times, burst: Int64(calls))
    }
}

extension RateKey {
    /// Of the restriction that stands at a position. No rate that somebody names has a slash in its name.
    static func throttle(_ position: Position) -> RateKey { .named(throttlePrefix + "\(position)") }

    /// The position, where it is a throttle's.
    var throttle: Position? {
        guard case .named(let name) = self, name.hasPrefix(Self.throttlePrefix) else { return nil }
        return Position(name.dropFirst(Self.throttlePrefix.count))
    }

    private static let throttlePrefix = "throttle/"
}
