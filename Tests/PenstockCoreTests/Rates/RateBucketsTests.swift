internal import PenstockCore
internal import Testing

@Suite struct RateBucketsTests {
    private static let ten = Rate(unit: "calls", limit: 10, periodMS: 1000)
    private func ms(_ count: Int64) -> Nanoseconds { Make.milliseconds(count) }

    @Test func theBurstAndThenTheRate() {
        var node = Bucket(Self.ten)
        let counts = [
            node.drain(at: 0), node.drain(at: ms(99)), node.drain(at: ms(100)), node.drain(at: ms(1100)),
            node.drain(at: ms(60_000)),
        ]
        #expect(counts == [10, 0, 1, 10, 10])
    }

    @Test func refillsInSmallStepsComeToTheSameAsOne() {
        var node = Bucket(Rate(unit: "calls", limit: 7, periodMS: 1000), tokens: 0)
        var admitted = 0
        for time in stride(from: Int64(0), through: ms(3000), by: 333_333) { admitted += node.drain(at: time) }
        admitted += node.drain(at: ms(3000))
        #expect(admitted == 21)
    }

    @Test func aClockThatMayBeFastCountsAsSlow() {
        var node = Bucket(Self.ten, tokens: 0, ppm: 100_000)
        let counts = [node.drain(at: ms(111)), node.drain(at: ms(112))]
        #expect(counts == [0, 1])
    }

    @Test func aClockThatStepsBackBringsNothing() {
        var node = Bucket(Self.ten, tokens: 0)
        let counts = [
            node.drain(at: ms(500)), node.drain(at: ms(100)), node.drain(at: ms(500)), node.drain(at: ms(600)),
        ]
        #expect(counts == [5, 0, 0, 1])
    }

    @Test func aPartHasItsPartOfBurstAndRate() {
        var node = Bucket(Self.ten, share: Rate.whole / 2)
        let counts = [node.drain(at: 0), node.drain(at: ms(199)), node.drain(at: ms(200))]
        #expect(counts == [5, 0, 1])
    }

    @Test func moreThanTheBurstIsNeverAdmitted() {
        var node = Bucket(Self.ten)
        let answers = [node.admit(11, at: 0), node.admit(10, at: 0), node.admit(1, at: 0)]
        #expect(answers == [.never, .admit, .wait])
    }

    @Test func whatIsGivenBackIsThereAgainUnlessTimeHasFilledUp() {
        var node = Bucket(Self.ten)
        let slot = node.buckets.slot(node.key, node.rate, at: 0)!
        node.buckets.giveBack(node.buckets.take(slot, 10))
        let again = node.drain(at: 0)
        var late = Bucket(Self.ten)
        let taken = late.buckets.take(late.buckets.slot(late.key, late.rate, at: 0)!, 10)
        let meanwhile = late.drain(at: ms(500))
        late.buckets.giveBack(taken)
        let then = late.drain(at: ms(500))
        #expect([again, meanwhile, then] == [10, 5, 0])
    }

    @Test func aThrottleCountsEachCallForMore() {
        var node = Bucket(Self.ten)
        let burst = node.drain(percent: 25, at: 0)
        let second = node.drain(percent: 25, at: ms(1200))
        let none = node.admit(1, percent: 0, at: ms(9000))
        #expect([burst, second] == [3, 3], "ten tokens at four a call, the last one in debt")
        #expect(none == .wait)
    }

    @Test func asManyRatesAsAnEchoNames() {
        var buckets = RateBuckets()
        for number in 0..<Limits.ratesPerEcho { #expect(buckets.slot(.named("\(number)"), Self.ten, at: 0) != nil) }
        #expect(buckets.slot(.named("one more"), Self.ten, at: 0) == nil)
        // Uses that nobody asks for end, and make room.
        for _ in 0..<5 { #expect(buckets.statement(term: 1, at: 0).lines.count <= Limits.ratesPerEcho) }
        #expect(buckets.count == 0)
    }

    @Test(arguments: [100, 86_400_000] as [Int64]) func theLargestRateDoesNotOverflow(periodMS: Int64) {
        var node = Bucket(Rate(unit: "tokens", limit: Limits.amount, periodMS: periodMS), ppm: 100_000)
        let answers = [
            node.admit(Limits.amount, percent: 1, at: 0), node.admit(1, at: periodMS * 1_000_000),
            node.admit(1, at: .max / 2),
            node.admit(Limits.amount, at: .max / 2 + 1000),
        ]
        #expect(answers[0...1] == [.admit, .wait])
        node.told(1, 0, at: .max / 2 + 2000)
        node.told(0, 0, at: .max / 2 + 3000)
        #expect(node.buckets.share(node.key, at: 0) == 0)
    }

    @Test func theSmallestRateLosesNothingOverManyLooks() {
        var node = Bucket(Rate(unit: "calls", limit: 1, periodMS: 86_400_000), tokens: 0)
        var admitted = 0
        for second in 1...86_400 { admitted += node.admit(1, at: ms(Int64(second) * 1000)) == .admit ? 1 : 0 }
        #expect(admitted == 1)
    }

    @Test func aRateThatChangesKeepsItsTokensAsFarAsTheyFit() {
        var node = Bucket(Self.ten)
        let slower = Rate(unit: "calls", limit: 4, periodMS: 60_000)
        let slot = node.buckets.slot(node.key, slower, at: 0)!
        var count = 0
        while node.buckets.check(slot, 1, at: 0) == .admit {
            _ = node.buckets.take(slot, 1)
            count += 1
        }
        #expect(count == 4)
    }
}
