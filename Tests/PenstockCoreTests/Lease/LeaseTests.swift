internal import PenstockCore
internal import Testing

@Suite struct LeaseTests {
    private func reply(_ nonce: UInt64, epoch: UInt64 = 1, head: Position = 10) -> EchoReply {
        EchoReply(nonce: nonce, epoch: epoch, head: head, ledgerTime: Make.wall)
    }

    @Test func renewalCountsFromTheSend() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        let outcome = lease.received(reply(1), applied: 10, at: 900)
        #expect(outcome == .renewed)
        #expect(lease.confirmedAt == 100)
        #expect(lease.age(at: 950) == 850)
    }

    @Test func leaseThatWasNeverConfirmedHasNoAge() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        #expect(lease.age(at: 100) == nil)
    }

    @Test func replyToAnEarlierEchoNeverShortensALaterLease() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        lease.sent(nonce: 2, under: .standard, at: 200)
        _ = lease.received(reply(2), applied: 10, at: 300)
        _ = lease.received(reply(1), applied: 10, at: 400)
        #expect(lease.confirmedAt == 200)
    }

    @Test func unknownNonceIsDropped() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        let outcome = lease.received(reply(2), applied: 10, at: 200)
        #expect(outcome == .dropUnknownNonce)
        #expect(lease.confirmedAt == nil)
        #expect(lease.clock == nil)
    }

    @Test func replayedReplyIsDropped() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        let outcomes = [lease.received(reply(1), applied: 10, at: 200), lease.received(reply(1), applied: 10, at: 300)]
        #expect(outcomes == [.renewed, .dropUnknownNonce])
    }

    @Test func nonceOfBeforeADropIsDropped() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        lease.sent(nonce: 2, under: .standard, at: 101)
        _ = lease.received(reply(2), applied: 10, at: 102)
        lease.drop()
        #expect(lease.confirmedAt == nil)
        let outcome = lease.received(reply(1), applied: 10, at: 200)
        #expect(outcome == .dropUnknownNonce)
        #expect(lease.confirmedAt == nil)
    }

    @Test func waitingReplyOfBeforeADropRenewsNothing() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        _ = lease.received(reply(1), applied: 9, at: 200)
        lease.drop()
        let grew = lease.reached(10)
        #expect(!grew)
        #expect(lease.confirmedAt == nil)
    }

    @Test func headBeyondTheViewRenewsOnlyWhenReached() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        let outcome = lease.received(reply(1, head: 12), applied: 10, at: 200)
        #expect(outcome == .fetch(upTo: 12))
        let grew = [lease.reached(11), lease.reached(12), lease.reached(13)]
        #expect(grew == [false, true, false])
        #expect(lease.confirmedAt == 100)
    }

    @Test func severalRepliesWaitEachForItsHead() {
        var lease = Lease()
        for number in 1...3 {
            lease.sent(nonce: UInt64(number), under: .standard, at: Instant(number * 100))
            _ = lease.received(reply(UInt64(number), head: 10 + UInt64(number)), applied: 10, at: 350)
        }
        lease.reached(12)
        #expect(lease.confirmedAt == 200)
        lease.reached(13)
        #expect(lease.confirmedAt == 300)
    }

    @Test func olderEpochIsDropped() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        lease.sent(nonce: 2, under: .standard, at: 200)
        _ = lease.received(reply(1, epoch: 5), applied: 10, at: 300)
        let outcome = lease.received(reply(2, epoch: 4), applied: 10, at: 300)
        #expect(outcome == .dropOldEpoch)
        #expect(lease.confirmedAt == 100)
        #expect(lease.epoch == 5)
    }

    @Test func newerEpochVoidsWhatWaitsInOlderOnes() {
        var lease = Lease()
        lease.sent(nonce: 1, under: .standard, at: 100)
        lease.sent(nonce: 2, under: .standard, at: 200)
        _ = lease.received(reply(1, epoch: 1, head: 11), applied: 10, at: 300)
        _ = lease.received(reply(2, epoch: 2, head: 12), applied: 10, at: 300)
        let grew = lease.reached(11)
        #expect(!grew)
        #expect(lease.confirmedAt == nil)
        lease.reached(12)
        #expect(lease.confirmedAt == 200)
    }

    @Test func outstandingEchoesAreBounded() {
        var lease = Lease()
        for nonce in 0...UInt64(Limits.echoesOutstanding) {
            lease.sent(nonce: nonce, under: .standard, at: Instant(nonce))
        }
        let outcomes = [lease.received(reply(0), applied: 10, at: 100), lease.received(reply(1), applied: 10, at: 100)]
        #expect(outcomes == [.dropUnknownNonce, .renewed])
    }

    /// A view that lags behind for long, and is asked for echoes all the time, reaches the heads of old replies only.
    @Test func waitingRepliesAreBoundedAndTheOldestStay() {
        var lease = Lease()
        let last = 2 * UInt64(Limits.echoesOutstanding)
        for nonce in 0...last {
            lease.sent(nonce: nonce, under: .standard, at: Instant(nonce))
            _ = lease.received(reply(nonce, head: 11 + nonce), applied: 10, at: 100)
        }
        #expect([11, 12, 11 + last - 1, 11 + last].map { lease.reached($0) } == [true, true, true, true])
        #expect(lease.confirmedAt == Instant(last))
    }
}
