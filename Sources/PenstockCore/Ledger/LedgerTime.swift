/// What time it is in a mesh: the ledger's wall clock, held against its continuous clock, which cannot be set.
///
/// The time goes on by the continuous clock, and follows the wall clock no faster than a tenth of what the rates of the
/// mesh's clocks may differ by: a wall clock that drifts, or is off by a leap second, is caught up with unnoticed. A
/// larger difference is a **leap**. Which of the two is right, nobody here can know: until the wall clock comes back by
/// itself, or an operator accepts the leap, the time lies between two bounds. Authority expires by the latest, a
/// restriction is lifted by the earliest.
///
/// Laws: no time that was told as the earliest is ever taken back, nor is the continued one, unless an operator accepts
/// a leap backwards. A leap that ends by itself changes nothing that comes after it.
package struct LedgerTime: Sendable {
    /// The time, less the continuous clock, in microseconds.
    private var offset: Int64
    /// The same of the wall clock, as it was seen last.
    private var seen: Int64
    /// The latest that was told as the earliest.
    private var floor: WallTime
    private var isLeaping = false
    /// The earliest time jumped ahead at this instant, from what it was.
    private var jump: Mark?
    private var followedAt: Instant
    /// The leap that was told of last.
    private var told: Int64 = 0

    package struct Reading: Hashable, Sendable {
        /// It is at least this: lifts restrictions, opens windows, decides `not_before`.
        package var earliest: WallTime
        /// As the continuous clock has it: what the ledger's events are stamped with.
        package var continued: WallTime
        /// It is at most this: decides expiry.
        package var latest: WallTime
        /// How far the wall clock is ahead, while it leaps; otherwise 0.
        package var leapMS: Int64

        package init(earliest: WallTime, continued: WallTime, latest: WallTime, leapMS: Int64) {
            self.earliest = earliest
            self.continued = continued
            self.latest = latest
            self.leapMS = leapMS
        }

        package init(_ time: WallTime) { self.init(earliest: time, continued: time, latest: time, leapMS: 0) }
    }

    /// What a process before this one has left.
    package struct Memory: Hashable, Sendable {
        /// The greatest time that the log or the folder carries; 0 for none.
        package var greatest: WallTime
        /// The latest that was told as the earliest, where that had stopped behind a leap back.
        package var stopped: WallTime?
        /// By which windows opened, where that lagged behind since the earliest had jumped ahead.
        package var lagging: WallTime?
        /// Of a process under the same boot, whose continuous clock goes on.
        package var mark: Mark?

        package init(greatest: WallTime = 0, stopped: WallTime? = nil, lagging: WallTime? = nil, mark: Mark? = nil) {
            self.greatest = greatest
            self.stopped = stopped
            self.lagging = lagging
            self.mark = mark
        }
    }

    /// What time it was at an instant.
    package struct Mark: Hashable, Sendable {
        package var at: Instant
        package var time: WallTime

        package init(at: Instant, time: WallTime) {
            self.at = at
            self.time = time
        }
    }

    /// Begins where the memory ends: by the continuous clock where that has gone on, by the wall clock otherwise, but
    /// never before the greatest time that was told.
    package init(wall: WallTime, at now: Instant, after memory: Memory = Memory()) {
        var start = Self.clamped(wall)
        if let mark = memory.mark, mark.at <= now {
            start = Self.clamped(mark.time) + (now - mark.at) / .nanosecondsPerMillisecond
        }
        start = max(start, Self.clamped(memory.greatest))
        offset = start * 1000 - now / 1000
        seen = Self.clamped(wall) * 1000 - now / 1000
        floor = min(start, memory.stopped.map(Self.clamped) ?? start)
        isLeaping = abs(seen - offset) > Limits.clockToleranceMS * 1000
        followedAt = now
        noteJump(at: now)
        // Leases of before the jump may go on.
        if let lagging = memory.lagging.map(Self.clamped), lagging < windowTime(at: now, bound: .max) {
            jump = Mark(at: now, time: lagging)
        }
    }

    /// For a process after this one: what `Memory` has as `lagging`.
    package func lagging(at now: Instant) -> WallTime? {
        let time = windowTime(at: now, bound: .max)
        return time < reading(at: now).earliest ? time : nil
    }

    /// For a process after this one: what `Memory` has as `stopped`.
    package func stopped(at now: Instant) -> WallTime? {
        let reading = reading(at: now)
        return reading.earliest < reading.continued ? reading.earliest : nil
    }

    /// Takes note of the wall clock. To be asked often: a reading is as of the last observation.
    ///
    /// - Parameters:
    ///   - wall: read within a few milliseconds of `now`.
    ///   - ratePPM: what the rates of the mesh's clocks may differ by.
    package mutating func observe(wall: WallTime, at now: Instant, ratePPM: UInt32) {
        floor = max(floor, reading(at: now).earliest)
        seen = Self.clamped(wall) * 1000 - now / 1000
        let ahead = seen - offset
        isLeaping = abs(ahead) > Limits.clockToleranceMS * 1000
        noteJump(at: now)
        // Smaller steps would be rounded away, larger ones overflow.
        let elapsed = min(now - followedAt, 86_400 * .nanosecondsPerSecond)
        guard elapsed >= 100 * .nanosecondsPerMillisecond else { return }
        followedAt = now
        let most = elapsed / 1000 * Int64(ratePPM) / 10_000_000
        if !isLeaping { offset += max(-most, min(most, ahead)) }
    }

    package func reading(at now: Instant) -> Reading {
        let continued = (now / 1000 + offset) / 1000
        guard isLeaping else { return Reading(continued) }
        let wall = wall(at: now)
        return Reading(
            earliest: max(floor, min(continued, wall)), continued: continued, latest: max(continued, wall),
            leapMS: (seen - offset) / 1000)
    }

    /// What the wall clock shows, as it was seen last.
    package func wall(at now: Instant) -> WallTime { (now / 1000 + seen) / 1000 }

    /// An operator has decided that the wall clock was right when it was this far ahead. What it shows by now, which
    /// may be another time, is judged anew: the log carries the leap that was accepted, and no other.
    package mutating func accept(leapMS: Int64, at now: Instant) {
        let told = max(floor, reading(at: now).earliest)
        let (sum, overflow) = offset.addingReportingOverflow(leapMS.multipliedReportingOverflow(by: 1000).partialValue)
        guard !overflow else { return }
        offset = sum
        isLeaping = abs(seen - offset) > Limits.clockToleranceMS * 1000
        floor = told
        noteJump(at: now)
        let continued = reading(at: now).continued
        floor = isLeaping ? min(told, continued) : continued
    }

    /// Windows lag from the earliest that was told just before, or from where an earlier jump still holds them.
    private mutating func noteJump(at now: Instant) {
        let held = min(floor, windowTime(at: now, bound: .max))
        if reading(at: now).earliest - floor > 10 { jump = Mark(at: now, time: held) }
    }

    /// By this, windows open. It lags behind the earliest time after that has jumped ahead, until each node whose lease
    /// holds has heard of it: none spends then from a window whose successor is open.
    ///
    /// - Parameter bound: how long a lease can hold.
    package func windowTime(at now: Instant, bound: Nanoseconds) -> WallTime {
        let earliest = reading(at: now).earliest
        guard let jump, now - jump.at < bound else { return earliest }
        return min(earliest, jump.time + (now - jump.at) / .nanosecondsPerMillisecond)
    }

    /// Forgets a jump that no lease of before it can have outlived: a bound that grows later stretches none of them.
    package mutating func settleJump(at now: Instant, bound: Nanoseconds) {
        if let jump, now - jump.at >= bound { self.jump = nil }
    }

    /// What has to be said of the clocks: a leap that began, changed or ended since this was asked last.
    package mutating func news() -> News? {
        let leap = isLeaping ? (seen - offset) / 1000 : 0
        guard isLeaping != (told != 0) || abs(leap - told) > Limits.clockToleranceMS else { return nil }
        told = leap
        return isLeaping ? .leapt(milliseconds: leap) : .agrees
    }

    package enum News: Equatable, Sendable {
        /// The wall clock is this far ahead, or behind when it is negative. Held for an operator.
        case leapt(milliseconds: Int64)
        case agrees
    }

    /// To the years that can be written: what a clock shows beyond them must not overflow anything.
    static func clamped(_ wall: WallTime) -> WallTime { max(0, min(wall, 253_402_300_799_999)) }
}
