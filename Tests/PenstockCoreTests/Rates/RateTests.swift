internal import PenstockCore
internal import Testing

@Suite struct RateTests {
    @Test func boundsAreStated() {
        let good = Rate(unit: "calls", limit: 5, periodMS: 60_000)
        #expect(good.problem == nil)
        #expect(good.burst == 5)
        for change: (inout Rate) -> Void in [
            { $0.limit = 0 }, { $0.limit = Limits.amount + 1 }, { $0.periodMS = 99 }, { $0.periodMS = 86_400_001 },
            { $0.burst = 0 },
            { $0.burst = Limits.amount + 1 }, { $0.unit = "" }, { $0.name = String(repeating: "n", count: 257) },
        ] {
            var rate = good
            change(&rate)
            #expect(rate.problem != nil)
        }
    }

    @Test func partsThatCoverAnAmountDoAndOneFewerDoNot() {
        for burst in [1, 3, 5, 1000, 65_536, 1_000_000, Limits.amount] as [Int64] {
            let rate = Rate(unit: "calls", limit: 1, periodMS: 1000, burst: burst)
            for amount in [1, 2, burst / 2, burst - 1, burst, burst + 1] where amount > 0 && amount <= burst {
                let parts = rate.parts(covering: amount)
                #expect(parts * burst >= amount * Rate.whole)
                #expect(parts == 1 || (parts - 1) * burst < amount * Rate.whole)
            }
        }
    }
}
