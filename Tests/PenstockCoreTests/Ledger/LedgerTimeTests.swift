internal import PenstockCore
internal import Testing

/// The ledger's time between a wall clock that anybody may set and a continuous clock that nobody can.
@Suite struct LedgerTimeTests {
    private let wall: WallTime = 1_800_000_000_000
    private let hour: Int64 = 3_600_000
    private let day: Int64 = 86_400_000

    /// A wall clock beside a continuous one.
    private struct Clocks {
        var time: LedgerTime
        var now: Instant = 0
        var wall: WallTime

        init(_ wall: WallTime, after memory: LedgerTime.Memory = .init()) {
            self.wall = wall
            time = LedgerTime(wall: wall, at: 0, after: memory)
        }

        mutating func pass(_ milliseconds: Int64, step: Int64 = 0) {
            now += milliseconds * .nanosecondsPerMillisecond
            wall += milliseconds + step
            time.observe(wall: wall, at: now, ratePPM: 1000)
        }

        var reading: LedgerTime.Reading { time.reading(at: now) }
    }

    @Test func clocksThatAgreeTellOneTime() {
        var clocks = Clocks(wall)
        for _ in 0..<100 {
            clocks.pass(77)
            #expect(clocks.reading == .init(clocks.wall))
        }
        #expect(clocks.time.news() == nil)
    }

    @Test(arguments: [4000, 3_600_000, 86_400_000] as [Int64]) func leapAheadExpiresAtOnceAndLiftsNothing(leap: Int64) {
        var clocks = Clocks(wall)
        clocks.pass(1000, step: leap)
        #expect(
            clocks.reading
                == .init(earliest: wall + 1000, continued: wall + 1000, latest: wall + 1000 + leap, leapMS: leap))
        #expect(clocks.time.news() == .leapt(milliseconds: leap))
        #expect(clocks.time.news() == nil, "said once")
        clocks.pass(500, step: -leap)
        #expect(clocks.reading == .init(wall + 1500), "a leap that ends by itself leaves nothing behind")
        #expect(clocks.time.news() == .agrees)
    }

    @Test(arguments: [4000, 3_600_000, 86_400_000] as [Int64]) func leapBackKeepsWhatWasTold(leap: Int64) {
        var clocks = Clocks(wall)
        clocks.pass(1000)
        clocks.pass(250, step: -leap)
        for _ in 0..<8 {
            #expect(clocks.reading.latest == wall + 1250 + clocks.now / .nanosecondsPerMillisecond - 1250)
            #expect(
                clocks.reading.earliest == wall + 1250, "what was told is not taken back, and nothing is added to it")
            #expect(clocks.reading.leapMS == -leap)
            clocks.pass(250)
        }
        // The clock comes as far as it was.
        clocks.pass(leap)
        #expect(clocks.reading.earliest == max(wall + 1250, clocks.wall))
    }

    @Test func aSmallDifferenceIsFollowedSlowlyAndNeverBack() {
        for step in [-1400, 1400] as [Int64] {
            var clocks = Clocks(wall)
            clocks.pass(1000, step: step)
            var before = clocks.reading
            for _ in 0..<200 {
                clocks.pass(1000)
                let reading = clocks.reading
                #expect(reading.leapMS == 0 && reading.earliest == reading.latest)
                #expect(
                    (999...1001).contains(reading.continued - before.continued),
                    "no faster than the clocks' rates may differ")
                before = reading
            }
            let caughtUp = abs(clocks.wall - before.continued)
            #expect((1370...1390).contains(caughtUp), "a ten-thousandth")
        }
    }

    @Test func restartUnderTheSameBootGoesOnByTheContinuousClock() {
        let mark = LedgerTime.Mark(at: -Make.milliseconds(5000), time: wall)
        for leap in [-hour, 0, hour] {
            let clocks = Clocks(wall + 5000 + leap, after: .init(greatest: wall, mark: mark))
            #expect(clocks.reading.continued == wall + 5000)
            #expect(clocks.reading.leapMS == leap)
        }
        let ahead = LedgerTime.Mark(at: 1, time: wall + hour)
        #expect(
            Clocks(wall, after: .init(mark: ahead)).reading == .init(wall),
            "a mark of an instant to come is of another boot")
    }

    /// What had stopped behind a leap back stays so; where the clock is right again, windows wait as without a restart.
    @Test func restartTellsNoLaterEarliestThanTheProcessBefore() {
        let bound = Make.milliseconds(1000)
        let mark = LedgerTime.Mark(at: -Make.milliseconds(5000), time: wall)
        for mark in [mark, nil] {
            let memory = LedgerTime.Memory(greatest: wall, stopped: wall - 7000, mark: mark)
            let behind = Clocks(wall - hour, after: memory)
            #expect(behind.reading.earliest == wall - 7000)
            #expect(behind.time.stopped(at: 0) == wall - 7000)
            let right = Clocks(wall + 5000, after: memory)
            #expect(right.reading == .init(wall + 5000))
            #expect(right.time.stopped(at: 0) == nil)
            #expect(right.time.windowTime(at: 0, bound: bound) == wall - 7000)
            #expect(right.time.windowTime(at: bound, bound: bound) == wall + 6000)
        }
    }

    @Test func restartUnderAnotherBootNeverGoesBack() {
        #expect(Clocks(wall + day, after: .init(greatest: wall)).reading == .init(wall + day))
        var clocks = Clocks(wall - hour, after: .init(greatest: wall))
        #expect(clocks.reading == .init(earliest: wall, continued: wall, latest: wall, leapMS: -hour))
        #expect(clocks.time.news() == .leapt(milliseconds: -hour))
        clocks.pass(2000)
        #expect(clocks.reading == .init(earliest: wall, continued: wall + 2000, latest: wall + 2000, leapMS: -hour))
        #expect(Clocks(wall - 1000, after: .init(greatest: wall)).reading == .init(wall), "within what is followed")
    }

    @Test func acceptedLeapIsTheTime() {
        for leap in [-hour, hour] {
            var clocks = Clocks(wall)
            clocks.pass(1000, step: leap)
            clocks.time.accept(leapMS: leap, at: clocks.now)
            #expect(clocks.reading == .init(wall + 1000 + leap))
            clocks.pass(1000)
            #expect(clocks.reading == .init(wall + 2000 + leap))
        }
    }

    /// The event that accepts a leap may be durable long after it was judged: the log carries that leap.
    @Test func acceptedLeapIsTheOneThatTheLogCarries() {
        for leap in [-hour, hour] {
            var clocks = Clocks(wall)
            clocks.pass(1000, step: leap)
            clocks.pass(1000, step: -leap)
            #expect(clocks.reading == .init(wall + 2000))
            clocks.time.accept(leapMS: leap, at: clocks.now)
            #expect(clocks.reading.continued == wall + 2000 + leap)
            #expect(clocks.reading.leapMS == -leap)
            #expect(
                clocks.reading.earliest == wall + 2000 + min(0, leap),
                "no restriction is lifted by a time that no clock shows")
            #expect(clocks.reading.latest == wall + 2000 + max(0, leap))
        }
    }

    /// A node that heard the time last before it jumped spends from the old window until its lease is over.
    @Test func windowsWaitUntilNobodyTrustsATimeOfBeforeAJump() {
        let bound = Make.milliseconds(1000)
        var clocks = Clocks(wall)
        clocks.pass(1000, step: -hour)
        clocks.pass(10_000)
        let frozen = clocks.reading.earliest
        clocks.pass(200, step: hour)
        #expect(clocks.reading.earliest == wall + 11_200)
        #expect(clocks.time.windowTime(at: clocks.now, bound: bound) == frozen)
        clocks.pass(999)
        #expect(clocks.time.windowTime(at: clocks.now, bound: bound) == frozen + 999)
        clocks.pass(1)
        #expect(clocks.time.windowTime(at: clocks.now, bound: bound) == wall + 12_200)
        clocks.time.settleJump(at: clocks.now, bound: bound)
        #expect(
            clocks.time.windowTime(at: clocks.now, bound: 9 * bound) == wall + 12_200,
            "a bound that grows later takes no window back")
    }

    /// What a process told before it ended, leases go on with.
    @Test func windowsWaitOverARestartToo() {
        let bound = Make.milliseconds(1000)
        var clocks = Clocks(wall)
        clocks.pass(1000, step: -hour)
        clocks.pass(10_000)
        clocks.pass(200, step: hour)
        clocks.pass(400)
        let lagging = clocks.time.windowTime(at: clocks.now, bound: bound)
        let earliest = clocks.reading.earliest
        #expect(lagging < earliest - 9000 && clocks.time.lagging(at: clocks.now) == lagging)
        for mark in [LedgerTime.Mark(at: 0, time: earliest), nil] {
            let memory = LedgerTime.Memory(
                greatest: earliest, stopped: clocks.time.stopped(at: clocks.now), lagging: lagging, mark: mark)
            let next = Clocks(earliest, after: memory)
            #expect(next.reading == .init(earliest))
            #expect(next.time.windowTime(at: 0, bound: bound) == lagging)
            #expect(next.time.windowTime(at: bound, bound: bound) == earliest + 1000)
        }
        clocks.time.settleJump(at: clocks.now + bound, bound: bound)
        #expect(clocks.time.lagging(at: clocks.now + bound) == nil)
    }

    @Test func nothingThatAClockShowsOverflows() {
        for shown in [WallTime.min, -1, 0, .max] {
            var clocks = Clocks(wall)
            clocks.time.observe(wall: shown, at: 1, ratePPM: 100_000)
            clocks.time.observe(wall: shown, at: .max / 2, ratePPM: 100_000)
            #expect(clocks.reading.earliest >= wall)
            let fresh = LedgerTime(wall: shown, at: 0, after: .init(greatest: shown, mark: .init(at: 0, time: shown)))
            #expect(fresh.reading(at: 0).latest >= 0)
        }
    }

    /// Whatever the wall clock does, while no leap is accepted: neither the time nor what is told as the earliest goes
    /// back, and both lie within the bounds.
    @Test func noTimeThatWasToldIsTakenBack() {
        var random = SplitMix(seed: 7)
        for _ in 0..<200 {
            var clocks = Clocks(wall)
            var told = clocks.reading
            for _ in 0..<100 {
                let step = [0, 0, 0, 900, -900, 4000, -4000, hour, -hour, day, -day].randomElement(using: &random)!
                clocks.pass(.random(in: 1...3000, using: &random), step: step)
                if Int.random(in: 0..<10, using: &random) == 0 {
                    let mark = LedgerTime.Mark(at: clocks.now, time: clocks.reading.continued)
                    let memory = LedgerTime.Memory(
                        greatest: mark.time, stopped: clocks.time.stopped(at: clocks.now), mark: mark)
                    clocks.time = LedgerTime(wall: clocks.wall, at: clocks.now, after: memory)
                }
                let reading = clocks.reading
                #expect(reading.earliest >= told.earliest && reading.continued >= told.continued)
                #expect(reading.earliest <= reading.continued && reading.continued <= reading.latest)
                told = reading
            }
        }
    }
}
