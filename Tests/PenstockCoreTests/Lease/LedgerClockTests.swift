internal import PenstockCore
internal import Testing

@Suite struct LedgerClockTests {
    /// A ledger whose clock runs faster or slower by up to the bound, and delays of every size: what its clock shows
    /// at any later moment lies between the two readings.
    @Test(arguments: [UInt32(0), 500, 1000, 100_000]) func readingsBracketADriftingClock(ratePPM: UInt32) throws {
        var random = SplitMix(seed: UInt64(ratePPM))
        for _ in 0..<5000 {
            let drift = Double(Int64.random(in: -Int64(ratePPM)...Int64(ratePPM), using: &random)) / 1e6
            let sentAt = Instant.random(in: 0...Make.milliseconds(100_000), using: &random)
            let readAt = sentAt + .random(in: 0...Make.milliseconds(300), using: &random)
            let receivedAt = readAt + .random(in: 0...Make.milliseconds(300), using: &random)
            let now = receivedAt + .random(in: 0...Make.milliseconds(5000), using: &random)
            let shownAtRead = Double.random(in: 1_000_000..<1_000_001, using: &random)
            let shown = WallTime(shownAtRead + Double(now - readAt) / 1e6 * (1 + drift))
            let clock = try clock(ledgerTime: WallTime(shownAtRead), sentAt: sentAt, receivedAt: receivedAt)
            #expect(clock.earliest(at: now, ratePPM: ratePPM) <= shown)
            #expect(clock.latest(at: now, ratePPM: ratePPM) >= shown)
        }
    }

    /// Read as it was received, at the very start of a millisecond, by a clock that is as slow as it may be.
    @Test func earliestRoundsTheDriftAgainstItself() throws {
        let clock = try clock(ledgerTime: Make.wall, sentAt: 0, receivedAt: 0)
        #expect(clock.earliest(at: Make.milliseconds(1000), ratePPM: 500) == Make.wall + 999)
        #expect(clock.earliest(at: Make.milliseconds(1), ratePPM: 1) == Make.wall)
    }

    @Test func bracketIsNoWiderThanTheRoundTripTheDriftAndRounding() throws {
        let clock = try clock(ledgerTime: Make.wall, sentAt: 0, receivedAt: Make.milliseconds(10))
        let now = Make.milliseconds(1010)
        #expect(clock.earliest(at: now, ratePPM: 1000) == Make.wall + 999)
        #expect(clock.latest(at: now, ratePPM: 1000) == Make.wall + 1010 + 1 + 1 + 1)
    }

    @Test func clockIsThatOfTheEchoSentLast() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        lease.sent(nonce: 2, under: .standard, at: 200)
        _ = lease.received(EchoReply(nonce: 2, epoch: 1, head: 1, ledgerTime: 2), applied: 1, at: 300)
        _ = lease.received(EchoReply(nonce: 1, epoch: 1, head: 1, ledgerTime: 1), applied: 1, at: 400)
        #expect(lease.clock?.ledgerTime == 2)
        #expect(lease.clock?.sentAt == 200)
        #expect(lease.clock?.receivedAt == 300)
    }

    private func clock(ledgerTime: WallTime, sentAt: Instant, receivedAt: Instant) throws -> LedgerClock {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: sentAt)
        _ = lease.received(EchoReply(nonce: 1, epoch: 1, head: 1, ledgerTime: ledgerTime), applied: 1, at: receivedAt)
        return try #require(lease.clock)
    }
}
