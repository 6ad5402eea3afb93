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
    func isRated(_ index: Int, _ marks: Marks) -> Bool { marks.contains(.rated) || rules[Int(grants[index].rules)].isRated }

    /// Every rate that bounds a grant's calls, each once: its own, those of each grant that it was delegated from, and those
    /// that cover any of these.
    package func rates(ofGrant index: Int) -> [(key: RateKey, rate: Rate)] {
        var found: [(key: RateKey, rate: Rate)] = []
        for above in chain(ofGrant: index) {
            let grant = grants[above]
            for rate in rules[Int(grant.rules)].rates { found.append((.grant(symbols.text(grant.grant), unit: rate.unit), rate)) }
        }
        for placed in rates where covers(placed.named.selector, index) { found.append((.named(placed.named.rate.name), placed.named.rate)) }
        return found
    }

    /// A rate, and the position of the event that made it.
    package func rate(_ key: RateKey) -> (rate: Rate, position: Position)? {
        switch key {
        case .named(let name): rates.first { $0.named.rate.name == name }.map { ($0.named.rate, $0.position) }
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
        restrictions.values.reduce(100) { least, standing in
            guard case .scale(let percent) = standing.restriction.level, Int64(percent) < least else { return least }
            let selector = standing.restriction.selector
            return covers(selector, index) || selector == .node(node) ? Int64(percent) : least
        }
    }

    mutating func add(_ placed: PlacedRate) {
        rates.append(placed)
        mark(placed.named.selector, .rated)
    }
}
