internal import PenstockCore
internal import Testing

@Suite struct PriceTableTests {
    private func rule(_ tool: String, _ unit: String = "usd", _ change: (inout PriceRule) -> Void = { $0.perCall = 1 })
        -> PriceRule
    {
        var rule = PriceRule(tool: Pattern(tool), unit: unit)
        change(&rule)
        return rule
    }

    private func table(_ rules: PriceRule...) throws -> PriceTable { try PriceTable(version: "v1", rules: rules) }

    private let perMillion = Price(3, per: 1_000_000)!

    private func most(_ table: PriceTable, _ arguments: [String: Int64] = [:]) throws -> Quantities {
        try table.most("search_web", argument: { arguments[$0] })
    }

    @Test func rulesThatMatchAddUpInEachUnit() throws {
        let table = try table(
            rule("search_web") { $0.perCall = 10 },
            rule("search*") {
                ($0.perCall, $0.perArgument) = (5, [.init(path: "arguments.n", price: Price(7, per: 2)!)])
            },
            rule("*", "tokens") { $0.perCall = 3 }, rule("searc") { $0.perCall = 1000 })
        let most = try most(table, ["arguments.n": 3])
        #expect(most.text == "calls=1 arguments.n=3")
        let amounts = try table.price("search_web", most)
        #expect(amounts == [Amount("calls", 1), Amount("usd", 10 + 5 + 11), Amount("tokens", 3)])
        let other = try table.price("x", Quantities())
        #expect(other == [Amount("calls", 1), Amount("tokens", 3)])
    }

    @Test func toolWithoutARuleCostsOneCall() throws {
        let table = try table(rule("a"))
        #expect(try table.price("b", Quantities()) == [Amount("calls", 1)])
        #expect(table.rules(for: "ab").isEmpty)
    }

    @Test func holdIsTheMostAndTheMeasureWhatWasThere() throws {
        let table = try table(
            rule("search*") {
                $0.perCall = 100
                $0.perResultByte = .init(price: Price(1, per: 1024)!, most: 4096)
                $0.perResultToken = .init(price: Price(15, per: 1000)!, most: .number(2000))
            })
        let most = try most(table)
        #expect(most.text == "calls=1 result_bytes=4096 result_tokens=2000")
        #expect(try table.price("search_web", most) == [Amount("calls", 1), Amount("usd", 100 + 4 + 30)])
        let measured = table.measured("search_web", most: most, resultBytes: 1025) { $0.isEmpty ? 67 : nil }
        #expect(measured.text == "calls=1 result_bytes=1025 result_tokens=67")
        #expect(try table.price("search_web", measured) == [Amount("calls", 1), Amount("usd", 100 + 2 + 2)])
        // What nobody reported stays at its most.
        let silent = table.measured("search_web", most: most, resultBytes: 0) { _ in nil }
        #expect(silent.text == "calls=1 result_bytes=0 result_tokens=2000")
        for nonsense: Int64 in [-1, .max] {
            #expect(table.measured("search_web", most: most, resultBytes: 0) { _ in nonsense } == silent)
        }
        #expect(
            table.measured("search_web", most: most, resultBytes: 0) { _ in 5000 }["result_tokens"] == 5000,
            "more than was held is what it was")
    }

    @Test func tokensAtTwoPathsArePricedApart() throws {
        let table = try table(
            rule("*") { $0.perResultToken = .init(price: Price(1)!, path: "usage.input_tokens", most: .number(10)) },
            rule("*") {
                $0.perResultToken = .init(
                    price: Price(5)!, path: "usage.output_tokens", most: .argument("arguments.max_tokens"))
            })
        let most = try most(table, ["arguments.max_tokens": 8])
        #expect(most.text == "calls=1 result.usage.input_tokens=10 result.usage.output_tokens=8")
        let measured = table.measured("search_web", most: most, resultBytes: 1) { $0 == "usage.output_tokens" ? 2 : 4 }
        #expect(try table.price("search_web", measured) == [Amount("calls", 1), Amount("usd", 4 + 10)])
    }

    @Test func capsAreTheSmallestAndBoundTheHold() throws {
        let table = try table(
            rule("search*") {
                $0.perResultToken = .init(price: Price(1)!, most: .capped(100, argument: "arguments.max_tokens"))
            },
            rule("search_web", "tokens") {
                $0.perResultToken = .init(price: Price(1)!, most: .capped(60, argument: "arguments.max_tokens"))
            })
        #expect(
            table.caps("search_web").map(\.argument) == ["arguments.max_tokens"]
                && table.caps("search_web").map(\.most) == [60])
        #expect(table.caps("search_x").map(\.most) == [100] && table.caps("other").isEmpty)
        #expect(try most(table, ["arguments.max_tokens": 20]).text == "calls=1 result_tokens=20")
        #expect(try most(table, ["arguments.max_tokens": 60]).text == "calls=1 result_tokens=60")
    }

    @Test func missingOrNegativeArgumentIsNoPrice() throws {
        let table = try table(rule("search*") { $0.perArgument = [.init(path: "arguments.n", price: perMillion)] })
        #expect(throws: PriceTable.Problem.missing("arguments.n")) { try most(table) }
        #expect(throws: PriceTable.Problem.missing("arguments.n")) { try most(table, ["arguments.n": -1]) }
        #expect(throws: PriceTable.Problem.missing("arguments.n")) { try table.price("search_web", Quantities()) }
        let callless = try #require(Quantities("n=1"))
        #expect(throws: PriceTable.Problem.missing("calls")) { try table.price("x", callless) }
    }

    @Test func moreThanAnyCallMaySpendIsRefused() throws {
        let most = Limits.amount
        let table = try table(
            rule("search*") { ($0.perCall, $0.perArgument) = (most, [.init(path: "arguments.n", price: Price(most)!)]) }
        )
        #expect(try table.price("search_web", try self.most(table, ["arguments.n": 0])).last == Amount("usd", most))
        for n in [1, most, .max] {
            #expect(throws: PriceTable.Problem.overflow(unit: "usd")) {
                try table.price("search_web", try self.most(table, ["arguments.n": n]))
            }
        }
        let two = try self.table(rule("*") { $0.perCall = most }, rule("*") { $0.perCall = 1 })
        #expect(throws: PriceTable.Problem.overflow(unit: "usd")) { try two.price("x", Quantities()) }
    }

    @Test func recordedSpendIsDerivedAgain() throws {
        var random = SplitMix(seed: 8)
        let table = try table(
            rule("search*") {
                ($0.perCall, $0.perArgument) = (100, [.init(path: "arguments.n", price: Price(3, per: 7)!)])
                $0.perResultByte = .init(price: Price(1, per: 1000)!, most: 1 << 20)
                $0.perResultToken = .init(price: Price(15, per: 1000)!, most: .number(4096))
            }, rule("*", "tokens") { $0.perResultToken = .init(price: Price(1)!, most: .number(4096)) })
        for _ in 0..<1000 {
            let n = Int64.random(in: 0...1_000_000, using: &random)
            let most = try table.most("search_web") { _ in n }
            let measured = table.measured(
                "search_web", most: most, resultBytes: .random(in: 0...1 << 20, using: &random)
            ) { _ in .random(in: 0...4096, using: &random) }
            let (held, spent) = (try table.price("search_web", most), try table.price("search_web", measured))
            for (held, spent) in zip(held, spent) { #expect(held.unit == spent.unit && held.value >= spent.value) }
            for (quantities, amounts) in [(most, held), (measured, spent)] {
                var record = DecisionRecord(kind: .settled)
                (record.amounts, record.priceVersion, record.basis) = (amounts, table.version, quantities.text)
                let back = try #require(record.bytes.withUnsafeBytes { DecisionRecord($0) })
                #expect(back.priceVersion == table.version)
                let basis = try #require(Quantities(back.basis))
                #expect(try table.price("search_web", basis) == back.amounts)
            }
        }
    }
}
