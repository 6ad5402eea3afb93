/// What tool calls cost: pure, and in whole numbers, so that the same quantities under the same version always come to
/// the same amounts.
///
/// A call is priced twice: before it leaves by the most that it can come to, which is held, and afterwards by what was
/// measured. What nobody measured stays at its most.
package struct PriceTable: Hashable, Sendable {
    /// Recorded with every spend. Prices that change need a new one.
    package let version: String
    package let rules: [PriceRule]

    package init(version: String, rules: [PriceRule]) throws(Invalid) {
        self.version = version
        self.rules = rules
        try validate()
    }

    /// Why a call has no price.
    package enum Problem: Error, Hashable, Sendable {
        /// The quantity of this name is not known, or no whole number.
        case missing(String)
        /// More of this unit than any call may spend.
        case overflow(unit: String)
    }

    package func rules(for tool: String) -> [PriceRule] { rules.filter { $0.tool.catches(tool) } }

    /// The numbers that have to stand in a call's arguments at most: the smallest of each.
    package func caps(_ tool: String) -> [(argument: String, most: Int64)] {
        var caps: [(argument: String, most: Int64)] = []
        for cap in rules(for: tool).compactMap(\.cap) {
            if let place = caps.firstIndex(where: { $0.argument == cap.argument }) {
                caps[place].most = min(caps[place].most, cap.most)
            } else {
                caps.append(cap)
            }
        }
        return caps
    }

    /// The most that a call can come to, as quantities.
    ///
    /// - Parameter argument: the whole number at a path such as `arguments.n`, with the caps in place; nil for anything
    ///   else.
    package func most(_ tool: String, argument: (String) -> Int64?) throws(Problem) -> Quantities {
        var most = Quantities()
        for rule in rules(for: tool) {
            for priced in rule.perArgument { most[priced.path] = try known(priced.path, argument) }
            if let bytes = rule.perResultByte { most.raise(Quantities.resultBytes, to: bytes.most) }
            guard let tokens = rule.perResultToken else { continue }
            switch tokens.most {
            case .number(let number): most.raise(tokens.name, to: number)
            case .argument(let path): most.raise(tokens.name, to: try known(path, argument))
            case .capped(let number, let path): most.raise(tokens.name, to: min(number, try known(path, argument)))
            }
        }
        return most
    }

    private func known(_ path: String, _ argument: (String) -> Int64?) throws(Problem) -> Int64 {
        guard let value = argument(path), value >= 0 else { throw .missing(path) }
        return value
    }

    /// What was measured of a call, where `most` is what was held for it.
    ///
    /// - Parameter tokens: what the result reports at a path, or at the usual places for an empty one; nil when it does
    ///   not.
    package func measured(_ tool: String, most: Quantities, resultBytes: Int64, tokens: (String) -> Int64?)
        -> Quantities
    {
        var measured = most
        for rule in rules(for: tool) {
            if rule.perResultByte != nil { measured[Quantities.resultBytes] = resultBytes }
            guard let priced = rule.perResultToken, let count = tokens(priced.path), (0...Limits.amount).contains(count)
            else { continue }
            measured[priced.name] = count
        }
        return measured
    }

    /// What these quantities cost: `calls` first, then each unit in the order of the table.
    package func price(_ tool: String, _ quantities: Quantities) throws(Problem) -> [Amount] {
        guard let calls = quantities[Quantities.calls] else { throw .missing(Quantities.calls) }
        var amounts = [Amount(Quantities.calls, calls)]
        for rule in rules(for: tool) {
            if let unknown = rule.quantities.first(where: { quantities[$0] == nil }) { throw .missing(unknown) }
            guard let cost = rule.cost(quantities, calls: calls), cost <= Limits.amount else {
                throw .overflow(unit: rule.unit)
            }
            if let place = amounts.firstIndex(where: { $0.unit == rule.unit }) {
                amounts[place].value += cost
                guard amounts[place].value <= Limits.amount else { throw .overflow(unit: rule.unit) }
            } else {
                amounts.append(Amount(rule.unit, cost))
            }
        }
        return amounts
    }

    /// The same for what is spent already, so that nothing of it is forgotten: what is above any amount counts as the
    /// largest, and its unit is named.
    package func bounded(_ tool: String, _ quantities: Quantities) -> (amounts: [Amount], over: String?) {
        let calls = quantities[Quantities.calls] ?? 1
        var amounts = [Amount(Quantities.calls, calls)]
        var over: String?
        for rule in rules(for: tool) {
            let cost = rule.cost(quantities, calls: calls).map { min($0, Limits.amount + 1) } ?? Limits.amount + 1
            let place = amounts.firstIndex { $0.unit == rule.unit } ?? amounts.count
            if place == amounts.count { amounts.append(Amount(rule.unit, 0)) }
            amounts[place].value += cost
            if amounts[place].value > Limits.amount { (amounts[place].value, over) = (Limits.amount, rule.unit) }
        }
        return (amounts, over)
    }
}
