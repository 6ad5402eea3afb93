internal import PenstockCore
internal import Testing

@Suite struct CallAmountsTests {
    @Test func amountsKeepTheirOrder() throws {
        let amounts = [Amount("usd", 3), Amount("tokens", 0), Amount("calls", 1), Amount("files", 2)]
        #expect(try #require(CallAmounts(amounts)).list == amounts)
    }

    private static let refused: [[Amount]] = [
        (0..<5).map { Amount("unit \($0)", 1) }, [Amount("usd", 1), Amount("usd", 1)], [Amount("usd", -1)], [Amount("", 1)],
        [Amount(String(repeating: "x", count: 65), 1)],
    ]

    @Test(arguments: refused) func tooManyTwiceNegativeOrUnnamedIsRefused(amounts: [Amount]) {
        #expect(CallAmounts(amounts) == nil)
    }
}
