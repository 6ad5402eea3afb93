/// What a call of some tools costs in one unit. Rules that match the same tool add up.
package struct PriceRule: Hashable, Sendable {
    /// A tool's name, or how it starts.
    package var tool: Pattern
    package var unit: String
    package var perCall: Int64 = 0
    /// For each unit of an argument's whole number.
    package var perArgument: [Argument] = []
    package var perResultByte: ResultBytes?
    package var perResultToken: ResultTokens?

    package init(tool: Pattern, unit: String) {
        self.tool = tool
        self.unit = unit
    }

    package struct Argument: Hashable, Sendable {
        /// Such as `arguments.n`.
        package var path: String
        package var price: Price

        package init(path: String, price: Price) {
            self.path = path
            self.price = price
        }
    }

    package struct ResultBytes: Hashable, Sendable {
        package var price: Price
        /// What is held for it.
        package var most: Int64

        package init(price: Price, most: Int64) {
            self.price = price
            self.most = most
        }
    }

    /// Tokens that the result itself reports.
    package struct ResultTokens: Hashable, Sendable {
        package var price: Price
        /// Where in the result; empty for the usual places.
        package var path: String
        package var most: Most

        package init(price: Price, path: String = "", most: Most) {
            self.price = price
            self.path = path
            self.most = most
        }

        package var name: String { path.isEmpty ? Quantities.resultTokens : "result." + path }
    }

    /// How many tokens a result can have at most, which is what is held.
    package enum Most: Hashable, Sendable {
        case number(Int64)
        /// As many as this argument says.
        case argument(String)
        /// The same, and whoever forwards the call writes the number there when the argument is absent or larger.
        case capped(Int64, argument: String)
    }

    package var cap: (argument: String, most: Int64)? {
        guard case .capped(let most, let argument)? = perResultToken?.most else { return nil }
        return (argument, most)
    }

    /// Names of all that must be known to price a call.
    package var quantities: [String] {
        perArgument.map(\.path) + (perResultByte == nil ? [] : [Quantities.resultBytes])
            + (perResultToken.map { [$0.name] } ?? [])
    }

    /// Nil when it does not fit, or one of `quantities` is not known.
    func cost(_ quantities: Quantities, calls: Int64) -> Int64? {
        var prices = perArgument.map { ($0.path, $0.price) }
        if let perResultByte { prices.append((Quantities.resultBytes, perResultByte.price)) }
        if let perResultToken { prices.append((perResultToken.name, perResultToken.price)) }
        var (total, overflow) = perCall.multipliedReportingOverflow(by: calls)
        for (name, price) in prices where !overflow {
            guard let cost = quantities[name].flatMap(price.cost) else { return nil }
            (total, overflow) = total.addingReportingOverflow(cost)
        }
        return overflow ? nil : total
    }
}
