internal import PenstockCore
internal import Testing

@Suite struct PriceTableInvalidTests {
    private func rule(_ tool: String = "t", _ unit: String = "usd", _ change: (inout PriceRule) -> Void = { _ in })
        -> PriceRule
    {
        var rule = PriceRule(tool: Pattern(tool), unit: unit)
        change(&rule)
        return rule
    }

    private func isRefused(_ rules: [PriceRule], at index: Int? = 0, version: String = "v") -> Bool {
        do {
            _ = try PriceTable(version: version, rules: rules)
            return false
        } catch { return error.rule == index }
    }

    @Test func versionIsShortAndPlain() {
        for version in ["", "a b", "é", "a\n", String(repeating: "v", count: 65)] {
            #expect(isRefused([], at: nil, version: version))
        }
        #expect(!isRefused([], version: String(repeating: "v", count: 64)))
    }

    @Test func rulesAreBounded() {
        #expect(isRefused([PriceRule](repeating: rule(), count: 257), at: nil))
        #expect(!isRefused([PriceRule](repeating: rule(), count: 256)))
        #expect(
            isRefused([rule("")]) && isRefused([rule("t", "")])
                && isRefused([rule("t", String(repeating: "u", count: 65))]))
        #expect(isRefused([rule("t", "calls")]))
        for amount in [-1, Limits.amount + 1] {
            #expect(isRefused([rule { $0.perCall = amount }]))
            #expect(isRefused([rule { $0.perResultByte = .init(price: Price(1)!, most: amount) }]))
            #expect(isRefused([rule { $0.perResultToken = .init(price: Price(1)!, most: .number(amount)) }]))
            #expect(
                isRefused([
                    rule { $0.perResultToken = .init(price: Price(1)!, most: .capped(amount, argument: "arguments.n")) }
                ]))
        }
    }

    @Test(arguments: [
        "", "n", "arguments", "arguments.", "arguments..n", "arguments.a=b", "arguments.a b", "arguments.é",
        "arguments.a.b.c.d.e", "arguments." + String(repeating: "n", count: 119),
    ])
    func argumentPathIsNamesBetweenDots(path: String) {
        #expect(isRefused([rule { $0.perArgument = [.init(path: path, price: Price(1)!)] }]))
        #expect(isRefused([rule { $0.perResultToken = .init(price: Price(1)!, most: .argument(path)) }]))
        #expect(isRefused([rule { $0.perResultToken = .init(price: Price(1)!, most: .capped(1, argument: path)) }]))
    }

    @Test(arguments: ["x|y", "x,y", " x", "x ", "x *", "x\u{7}", "x\u{202E}y", "\u{A0}x", "{x,y}", "x?"])
    func toolThatNoCallNamesIsRefused(tool: String) {
        #expect(isRefused([rule(tool)]) && isRefused([rule("t"), rule(tool)], at: 1))
    }

    @Test func unitThatNoBudgetNamesIsRefused() {
        for unit in [" usd", "usd ", "us\u{7}d"] { #expect(isRefused([rule("t", unit)])) }
    }

    @Test func argumentIsPricedOnceInARule() {
        let twice = [PriceRule.Argument](repeating: .init(path: "arguments.n", price: Price(1)!), count: 2)
        #expect(isRefused([rule { $0.perArgument = twice }]))
        #expect(!isRefused([rule { $0.perArgument = [twice[0]] }, rule { $0.perArgument = [twice[0]] }]))
    }

    @Test func toolHasThreeUnitsAtMost() {
        let three = [rule("tool", "a"), rule("to*", "b"), rule("*", "c")]
        #expect(!isRefused(three) && !isRefused(three + [rule("other", "d"), rule("to*", "a")]))
        #expect(isRefused(three + [rule("too*", "d")]), "a call of 'tool' would have four units")
        #expect(isRefused([rule("tool*", "d")] + three), "so would 'tool', which is how its own pattern starts")
    }

    @Test func basisFitsItsRecord() {
        let paths = (0..<5).map {
            PriceRule.Argument(path: "arguments." + String(repeating: "n", count: 70) + "\($0)", price: Price(1)!)
        }
        #expect(isRefused([rule { $0.perArgument = paths }]))
        #expect(
            isRefused([
                rule("t*") { $0.perArgument = Array(paths[..<3]) }, rule { $0.perArgument = Array(paths[2...]) },
            ]))
        #expect(
            !isRefused([
                rule("t*") { $0.perArgument = Array(paths[..<3]) }, rule("u") { $0.perArgument = Array(paths[2...]) },
            ]))
    }
}
