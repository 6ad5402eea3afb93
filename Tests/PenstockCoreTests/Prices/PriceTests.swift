internal import PenstockCore
internal import Testing

@Suite struct PriceTests {
    @Test(arguments: [(0, 0), (1, 1), (333, 1), (334, 2), (1000, 3), (1001, 4), (2000, 6)] as [(Int64, Int64)])
    func threePerThousandIsRoundedUp(count: Int64, cost: Int64) {
        #expect(Price(3, per: 1000)?.cost(of: count) == cost)
    }

    @Test func freeCostsNothingHoweverMuch() {
        #expect(Price(0)?.cost(of: .max) == 0)
    }

    @Test func whatDoesNotFitHasNoCost() {
        #expect(Price(1)?.cost(of: .max) == .max)
        #expect(Price(2)?.cost(of: .max) == nil)
        #expect(Price(2, per: 2)?.cost(of: .max) == nil)
        #expect(Price(1)?.cost(of: -1) == nil)
    }

    @Test(
        arguments: [("5", 5, 1), ("3/1000", 3, 1000), ("0", 0, 1), ("70368744177664/70368744177664", 1 << 46, 1 << 46)]
            as [(String, Int64, Int64)])
    func writtenPriceIsRead(text: String, amount: Int64, per: Int64) {
        #expect(Price(text) == Price(amount, per: per))
    }

    @Test(arguments: [
        "", "/", "3/", "/3", "1/0", "-1", "+1", "0.003", "1e3", "1_000", " 1", "1/2/3", "70368744177665",
        "99999999999999999999",
    ])
    func anythingElseIsNoPrice(text: String) {
        #expect(Price(text) == nil)
    }
}

@Suite struct QuantitiesTests {
    @Test func textComesBack() throws {
        var quantities = Quantities()
        quantities["arguments.n"] = 5
        quantities.raise("result_bytes", to: 7)
        quantities.raise("result_bytes", to: 3)
        #expect(quantities.text == "calls=1 arguments.n=5 result_bytes=7")
        let back = try #require(Quantities(quantities.text))
        #expect(back == quantities)
        quantities["arguments.n"] = nil
        #expect(quantities["arguments.n"] == nil && quantities["calls"] == 1)
    }

    @Test(arguments: [
        "", " ", "calls", "calls=", "=1", "calls=1 ", " calls=1", "calls=1  n=2", "calls=-1", "calls=1 calls=1",
        "calls=9223372036854775808", "calls=1,n=2",
    ])
    func anythingElseIsNoBasis(text: String) {
        #expect(Quantities(text) == nil)
    }
}
