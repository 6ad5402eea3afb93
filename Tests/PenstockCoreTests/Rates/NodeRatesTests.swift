internal import PenstockCore
internal import Testing

/// One rate that the calls of several shards fall under.
@Suite struct NodeRatesTests {
    private func ms(_ count: Int64) -> Nanoseconds { Make.milliseconds(count) }

    @Test func aShardGetsWhatAnotherOneHas() {
        var node = DealtNode(Rate(unit: "calls", limit: 10, periodMS: 86_400_000), shards: 4)
        var now: Instant = ms(1000)
        for shard in 0..<4 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 10 * Rate.whole, at: now)
        #expect((0..<4).allSatisfy { _ in node.admit(0, at: &now) })
        #expect((0..<6).allSatisfy { node.admit(1 + $0 % 3, at: &now) }, "what is left, wherever it is asked for")
        #expect(!(0..<4).contains { node.admit($0, at: &now) })
        #expect(node.share(at: now) == Rate.whole)
    }

    /// At one instant, by turns: what another shard was dealt a moment ago is no reason to deny.
    @Test func shardsThatTakeTurnsGetAllOfIt() {
        var node = DealtNode(Rate(unit: "calls", limit: 12, periodMS: 86_400_000), shards: 4)
        var now: Instant = ms(1000)
        for shard in 0..<4 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 12 * Rate.whole, at: now)
        #expect((0..<12).allSatisfy { node.admit($0 % 4, at: &now) })
        #expect(!(0..<8).contains { node.admit($0 % 4, at: &now) })
    }

    @Test func waitIsOfAllThatTheNodeHas() {
        var node = DealtNode(Rate(unit: "calls", limit: 12, periodMS: 60_000), shards: 4)
        var now: Instant = ms(1000)
        for shard in 0..<4 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 12 * Rate.whole, at: now)
        #expect((0..<12).allSatisfy { node.admit($0 % 4, at: &now) })
        for shard in 0..<4 {
            let slot = node.shards[shard].rates.slot(DealtNode.key, node.rate, at: now)!
            #expect(node.shards[shard].rates.wait(slot, 1, at: now) == ms(5000))
        }
    }

    /// A flood of calls that nothing is left for must not keep all other decisions waiting.
    @Test func partsThatWereAskedForInVainAreNotAskedForAtOnceAgain() {
        var node = DealtNode(Rate(unit: "calls", limit: 2, periodMS: 86_400_000), shards: 2)
        var now: Instant = ms(1000)
        for shard in 0..<2 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 2 * Rate.whole, at: now)
        #expect(node.admit(0, at: &now) && node.admit(1, at: &now))
        #expect(!node.admit(0, at: &now))
        let slot = node.shards[0].rates.slot(DealtNode.key, node.rate, at: now)!
        func asks(_ amount: Int64, at now: Instant) -> Bool {
            node.shards[0].rates.mayComeFromOthers(slot, amount, at: now)
        }
        #expect(![1, 1, 1].contains { asks($0, at: now) })
        #expect(asks(2, at: now), "for as much, nobody has asked")
        #expect(asks(1, at: now + ms(2)), "tokens come to others meanwhile")
    }

    /// Every shard may need all of the burst at once.
    @Test func aSingleTokenGoesToWhoAsksForIt() {
        var node = DealtNode(Rate(unit: "calls", limit: 1, periodMS: 1000), shards: 3)
        var now: Instant = ms(1000)
        for shard in 0..<3 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 0, at: now)
        for turn in 0..<9 {
            now += ms(1001)
            #expect(node.admit(turn % 3, at: &now), "turn \(turn)")
        }
    }

    @Test func nothingIsMadeOrLostByDealing() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let rate = Rate(
                unit: "calls", limit: .random(in: 1...1000, using: &random),
                periodMS: .random(in: 100...10_000, using: &random), burst: .random(in: 1...50, using: &random))
            var node = DealtNode(rate, shards: .random(in: 1...5, using: &random))
            var now: Instant = ms(1000)
            for shard in node.shards.indices { _ = node.admit(shard, at: &now) }
            node.give(Rate.whole, grains: rate.burst * Rate.whole, at: now)
            var admissions = Admissions(rate)
            for _ in 0..<200 {
                now += .random(in: 0...rate.periodMS * 100_000, using: &random) / 1000 * 1000
                let amount = Int64.random(in: 1...max(1, rate.burst / 2), using: &random)
                if node.admit(.random(in: node.shards.indices, using: &random), amount, at: &now) {
                    let isWithin = admissions.add(amount, at: now)
                    #expect(isWithin, "more than the rate at \(now)")
                }
                if Int.random(in: 0..<20, using: &random) == 0 {
                    node.give(.random(in: 1...Rate.whole, using: &random), grains: 0, at: now)
                }
                #expect(node.share(at: now) <= Rate.whole)
            }
        }
    }

    @Test func whatTheLedgerTakesAwayIsGoneFromEveryShard() {
        var node = DealtNode(Rate(unit: "calls", limit: 100, periodMS: 1000), shards: 3)
        var now: Instant = ms(1000)
        for shard in 0..<3 { _ = node.admit(shard, at: &now) }
        node.give(Rate.whole, grains: 100 * Rate.whole, at: now)
        for shard in 0..<3 { #expect(node.admit(shard, at: &now)) }
        node.give(Rate.whole / 4, grains: 0, at: now)
        #expect(node.share(at: now) == Rate.whole / 4)
        #expect(node.rates.statement(node.shards, term: ms(1000), at: now).lines.map(\.held) == [Rate.whole / 4])
        node.give(0, grains: 0, at: now)
        #expect(node.share(at: now) == 0)
    }
}
