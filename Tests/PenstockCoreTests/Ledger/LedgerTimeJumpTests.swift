internal import PenstockCore
internal import Testing

/// Jumps of ledger time, one soon after another.
@Suite struct LedgerTimeJumpTests {
    /// A leap back ends, and what the clock is ahead by then is accepted at once: nodes may still trust a time of
    /// before both.
    @Test func secondJumpWaitsForTheFirst() {
        let (wall, bound) = (Make.wall, Make.milliseconds(1000))
        var time = LedgerTime(wall: wall, at: 0)
        func milliseconds(_ number: Int64) -> Instant { Make.milliseconds(number) }
        time.observe(wall: wall - 3_600_000, at: milliseconds(10), ratePPM: 1000)
        time.observe(wall: wall + 4000, at: milliseconds(2000), ratePPM: 1000)
        #expect(time.windowTime(at: milliseconds(2000), bound: bound) == wall + 10)
        time.accept(leapMS: 2000, at: milliseconds(2002))
        #expect(time.reading(at: milliseconds(2002)) == .init(wall + 4002))
        #expect(time.windowTime(at: milliseconds(2010), bound: bound) == wall + 20)
        #expect(time.windowTime(at: milliseconds(3002), bound: bound) == wall + 5002)
    }
}
