internal import PenstockCore
internal import Testing

/// A node that has been given parts of one rate at time 0.
private struct Bucket {
    let key = RateKey.named("r")
    let rate: Rate
    var buckets = RateBuckets()
    private var number: UInt64 = 0
    /// What has been given in all.
    private var granted: UInt64 = 0
    let term: Nanoseconds

    /// - Parameter tokens: given with the parts; nil gives what they can hold.
    init(_ rate: Rate, share: Int64 = Rate.whole, tokens: Int64? = nil, ppm: UInt32 = 0, term: Nanoseconds = .max / 4) {
        self.rate = rate
        self.term = term
        buckets.clockRatePPM = ppm
        _ = buckets.slot(key, rate, at: 0)
        told(0, 0, at: 0)
        told(share, tokens ?? rate.burst * share, at: 0)
    }

    /// One echo, answered with a share and grains more than before.
    mutating func told(_ share: Int64, _ grains: Int64, at now: Instant) {
        let statement = buckets.statement(term: term, at: now)
        number += 1
        granted &+= UInt64(bitPattern: grains)
        let lines = statement.lines.map { RateReply.Line(id: $0.id, share: share, granted: granted) }
        buckets.answered(RateReply(stamp: RateStamp(epoch: 1, number: number), answers: statement.sequence, lines: lines), at: now)
    }

    mutating func admit(_ amount: Int64, percent: Int64 = 100, at now: Instant) -> RateBuckets.Answer {
        let slot = buckets.slot(key, rate, at: now)!
        let answer = buckets.check(slot, amount, percent: percent, at: now)
        if answer == .admit { _ = buckets.take(slot, amount, percent: percent) }
        return answer
    }

    /// How many single calls are admitted at once.
    mutating func drain(percent: Int64 = 100, at now: Instant) -> Int {
        var count = 0
        while count < 10_000, admit(1, percent: percent, at: now) == .admit { count += 1 }
        return count
    }
}

@Suite struct RateBucketsTests {
    private static let ten = Rate(unit: "calls", limit: 10, periodMS: 1000)
    private func ms(_ count: Int64) -> Nanoseconds { Make.milliseconds(count) }

    @Test func theBurstAndThenTheRate() {
        var node = Bucket(Self.ten)
        let counts = [node.drain(at: 0), node.drain(at: ms(99)), node.drain(at: ms(100)), node.drain(at: ms(1100)), node.drain(at: ms(60_000))]
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
        let counts = [node.drain(at: ms(500)), node.drain(at: ms(100)), node.drain(at: ms(500)), node.drain(at: ms(600))]
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

    @Test func lowerSharePassesOnItsTokensAndKeepsTheRest() {
        var node = Bucket(Self.ten)
        node.told(Rate.whole / 2, 0, at: 0)
        #expect(node.buckets.statement(term: ms(1000), at: 0).lines[0].returned == UInt64(5 * Rate.whole))
        let left = node.drain(at: 0)
        #expect(left == 5)
    }

    @Test func withoutAnAnswerForItsTermItHoldsNothing() {
        var node = Bucket(Self.ten, term: ms(1000))
        let before = node.admit(1, at: ms(999))
        let after = node.admit(1, at: ms(1000))
        #expect([before, after] == [.admit, .wait])
        #expect(node.buckets.statement(term: ms(1000), at: ms(1000)).lines[0].held == 0)
    }

    @Test func aLateAnswerDoesNotBringBackWhatHasLapsed() {
        var node = Bucket(Self.ten, term: ms(1000))
        let statement = node.buckets.statement(term: ms(1000), at: ms(900))
        let reply = RateReply(stamp: RateStamp(epoch: 1, number: 9), answers: statement.sequence, lines: [.init(id: statement.lines[0].id, share: Rate.whole, granted: 0)])
        node.buckets.answered(reply, at: ms(1100))
        let answer = node.admit(1, at: ms(1100))
        #expect(answer == .wait)
    }

    @Test func anOlderAnswerAndTheSameTwiceChangeNothing() {
        var node = Bucket(Self.ten, tokens: 0)
        let first = node.buckets.statement(term: ms(1000), at: 0)
        let second = node.buckets.statement(term: ms(1000), at: 0)
        func reply(_ number: UInt64, _ statement: RateStatement, _ share: Int64) -> RateReply {
            RateReply(stamp: RateStamp(epoch: 1, number: number), answers: statement.sequence, lines: [.init(id: statement.lines[0].id, share: share, granted: 0)])
        }
        let followed = [
            node.buckets.answered(reply(11, second, 5), at: 0), node.buckets.answered(reply(10, first, 9), at: 0), node.buckets.answered(reply(11, second, 9), at: 0),
        ]
        #expect(followed == [true, false, false])
        #expect(node.buckets.share(node.key, at: 0) == 5)
    }

    @Test func dropAllLeavesNothingAndVoidsWhatIsUnderWay() {
        var node = Bucket(Self.ten)
        let statement = node.buckets.statement(term: ms(1000), at: 0)
        node.buckets.dropAll()
        let followed = node.buckets.answered(RateReply(stamp: RateStamp(epoch: 1, number: 9), answers: statement.sequence, lines: []), at: 0)
        let answer = node.admit(1, at: 0)
        #expect(!followed)
        #expect(answer == .wait)
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
            node.admit(Limits.amount, percent: 1, at: 0), node.admit(1, at: periodMS * 1_000_000), node.admit(1, at: .max / 2), node.admit(Limits.amount, at: .max / 2 + 1000),
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

@Suite struct RateTests {
    @Test func boundsAreStated() {
        let good = Rate(unit: "calls", limit: 5, periodMS: 60_000)
        #expect(good.problem == nil)
        #expect(good.burst == 5)
        for change: (inout Rate) -> Void in [
            { $0.limit = 0 }, { $0.limit = Limits.amount + 1 }, { $0.periodMS = 99 }, { $0.periodMS = 86_400_001 }, { $0.burst = 0 },
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
