internal import PenstockCore
internal import Testing

@Suite struct CallAmountsTests {
    @Test func amountsKeepTheirOrder() throws {
        let amounts = [Amount("usd", 3), Amount("tokens", 0), Amount("calls", 1), Amount("files", 2)]
        #expect(try #require(CallAmounts(amounts)).list == amounts)
    }

    private static let refused: [[Amount]] = [
        (0..<5).map { Amount("unit \($0)", 1) }, [Amount("usd", 1), Amount("usd", 1)], [Amount("usd", -1)],
        [Amount("", 1)],
        [Amount(String(repeating: "x", count: 65), 1)], [Amount("usd", Limits.amount + 1)], [Amount("usd", .max)],
    ]

    @Test(arguments: refused) func tooManyTwiceNegativeUnnamedOrTooLargeIsRefused(amounts: [Amount]) {
        #expect(CallAmounts(amounts) == nil)
    }

    @Test(arguments: [Limits.amount, Limits.amount + 1, .max]) func whatACallerAsksForMayBeTooMuch(value: Int64) throws
    {
        let amounts = try #require(CallAmounts(declared: [Amount("usd", 1), Amount("tokens", value)]))
        #expect(amounts[1].value == value)
        #expect(amounts.isWithinLimits == (value == Limits.amount))
    }

    @Test(arguments: [-1, Int64.min]) func nobodyAsksForLessThanNothing(value: Int64) {
        #expect(CallAmounts(declared: [Amount("usd", value)]) == nil)
    }
}
