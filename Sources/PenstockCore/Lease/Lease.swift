/// An enforcer's right to trust its view: it lasts `max_staleness` from the moment it *sent* an echo that the ledger
/// answered with a head which the view has reached since. Counted from the send, a delayed reply only shortens it.
///
/// How long it lasts is settled at the send as well: the ledger fences by the bounds that it knew of then, so bounds
/// that are raised later must not stretch it.
package struct Lease: Sendable {
    /// A reply whose head the view has not reached yet.
    private struct Waiting: Sendable {
        var sentAt: Instant
        var bounds: Bounds
        var head: Position
        var epoch: UInt64
    }

    /// How long a view may be trusted after the echo that confirmed it, and how much longer within a grace.
    package struct Bounds: Equatable, Sendable {
        package var staleness: Nanoseconds
        package var grace: Nanoseconds

        package init(_ settings: Settings) {
            staleness = settings.maxStaleness
            grace = Nanoseconds(settings.maxGraceMS) * .nanosecondsPerMillisecond
        }
    }

    private var outstanding: [(nonce: UInt64, sentAt: Instant, bounds: Bounds)] = []
    private var waiting: [Waiting] = []
    /// The newest epoch that any reply named; older ones confirm nothing.
    package private(set) var epoch: UInt64 = 0
    /// When the echo was sent that confirmed the view last.
    package private(set) var confirmedAt: Instant?
    /// What was allowed when that echo was sent.
    package private(set) var bounds = Bounds(.standard)
    package private(set) var clock: LedgerClock?

    package init() {}

    package mutating func sent(nonce: UInt64, under settings: Settings, at now: Instant) {
        if outstanding.count == Limits.echoesOutstanding { outstanding.removeFirst() }
        outstanding.append((nonce, now, Bounds(settings)))
    }

    package mutating func received(_ reply: EchoReply, applied: Position, at now: Instant) -> Outcome {
        guard let index = outstanding.firstIndex(where: { $0.nonce == reply.nonce }) else { return .dropUnknownNonce }
        let (_, sentAt, bounds) = outstanding.remove(at: index)
        // Answers to those before could confirm nothing more.
        outstanding.removeAll { $0.sentAt < sentAt }
        guard reply.epoch >= epoch else { return .dropOldEpoch }
        if reply.epoch > epoch {
            epoch = reply.epoch
            waiting.removeAll { $0.epoch < reply.epoch }
        }
        if clock.map({ sentAt > $0.sentAt }) ?? true {
            clock = LedgerClock(ledgerTime: reply.ledgerTime, latest: reply.latest, sentAt: sentAt, receivedAt: now)
        }
        // The oldest is reached first: a view that lags behind for long renews from it all the same.
        if waiting.count == Limits.echoesOutstanding { waiting.removeLast() }
        waiting.append(Waiting(sentAt: sentAt, bounds: bounds, head: reply.head, epoch: reply.epoch))
        return reached(applied) ? .renewed : .fetch(upTo: reply.head)
    }

    /// Echoes sent at `since` or later that wait for their answer: more than a few would push out, over a slow link,
    /// those that could renew it.
    package func unanswered(since: Instant) -> Int { outstanding.count { $0.sentAt >= since } }

    package enum Outcome: Equatable, Sendable {
        case renewed
        /// The view is behind: renewal waits until it has applied this position.
        case fetch(upTo: Position)
        /// Not sent by this incarnation, or answered before.
        case dropUnknownNonce
        case dropOldEpoch
    }

    /// Renews from the replies whose heads are now applied. Returns whether the lease grew.
    @discardableResult
    package mutating func reached(_ applied: Position) -> Bool {
        var grew = false
        for reply in waiting where reply.head <= applied && reply.epoch == epoch {
            if confirmedAt.map({ reply.sentAt > $0 }) ?? true {
                confirmedAt = reply.sentAt
                bounds = reply.bounds
                grew = true
            }
        }
        waiting.removeAll { $0.head <= applied }
        return grew
    }

    /// Drops every claim to freshness, as when the view is rebuilt.
    package mutating func drop() {
        outstanding = []
        waiting = []
        confirmedAt = nil
    }

    /// How old the view may be at most; nil before the first confirmation.
    @inline(__always)
    package func age(at now: Instant) -> Nanoseconds? {
        confirmedAt.map { now - $0 }
    }
}

/// The ledger's answer to an echo, from a read of the log that began after the echo arrived.
package struct EchoReply: Hashable, Sendable {
    package var nonce: UInt64
    package var epoch: UInt64
    package var head: Position
    /// What time it was there at least.
    package var ledgerTime: WallTime
    /// And at most: later only while the ledger's wall clock has leapt.
    package var latest: WallTime
    /// To the statement that came with the echo.
    package var rates: RateReply?

    package init(
        nonce: UInt64, epoch: UInt64, head: Position, ledgerTime: WallTime, latest: WallTime? = nil,
        rates: RateReply? = nil
    ) {
        self.nonce = nonce
        self.epoch = epoch
        self.head = head
        self.ledgerTime = ledgerTime
        self.latest = max(ledgerTime, latest ?? ledgerTime)
        self.rates = rates
    }
}

/// Bounds on the ledger's time, from one echo: it read them at some moment between the two instants.
package struct LedgerClock: Hashable, Sendable {
    package var ledgerTime: WallTime
    private var latest: WallTime
    package var sentAt: Instant
    package var receivedAt: Instant

    init(ledgerTime: WallTime, latest: WallTime, sentAt: Instant, receivedAt: Instant) {
        self.ledgerTime = ledgerTime
        self.latest = latest
        self.sentAt = sentAt
        self.receivedAt = receivedAt
    }

    /// It is at least this. Decides `not_before`.
    @inline(__always)
    package func earliest(at now: Instant, ratePPM: UInt32) -> WallTime {
        let elapsed = (now - receivedAt) / .nanosecondsPerMillisecond
        return ledgerTime + elapsed - (elapsed * Int64(ratePPM) + 999_999) / 1_000_000
    }

    /// It is at most this. Decides expiry.
    @inline(__always)
    package func latest(at now: Instant, ratePPM: UInt32) -> WallTime { latest + elapsed(at: now, ratePPM: ratePPM) }

    /// The ledger says at most this when asked for the earliest, by which it opens windows. Decides their ends: a leap
    /// of its clock ends no window that it does not follow by another.
    @inline(__always)
    package func windowTime(at now: Instant, ratePPM: UInt32) -> WallTime {
        ledgerTime + elapsed(at: now, ratePPM: ratePPM)
    }

    /// What has passed at the ledger at most, since it answered.
    @inline(__always)
    private func elapsed(at now: Instant, ratePPM: UInt32) -> Int64 {
        let elapsed = (now - sentAt) / .nanosecondsPerMillisecond + 1
        return elapsed + elapsed * Int64(ratePPM) / 1_000_000 + 1
    }
}
