internal import PenstockCore
internal import Testing

/// What the ledger judges by which end of its time, and what of it the log carries.
@Suite struct LedgerTimeRulesTests {
    private let hour: Int64 = 3_600_000
    private let op = Make.node("op", .operator)

    /// Its wall clock has leapt by so much since it started.
    private func ledger(_ leap: Int64, _ kinds: [(EventKind, String)] = []) throws -> PenstockCore.Ledger {
        var state = LedgerState()
        for (number, (kind, origin)) in ([(.genesis(Make.members, .standard), "ledger")] + kinds).enumerated() {
            try state.apply(Make.event(Make.id("event \(number)"), kind, by: origin), at: Position(number) + 1)
        }
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, time: LedgerTime(wall: 10 * hour, at: 0), at: 0)
        _ = ledger.observe(wall: 10 * hour + leap, at: 1)
        return ledger
    }

    private func refusal(_ ledger: PenstockCore.Ledger, _ kind: EventKind, by origin: String = "op") -> Refusal.Code? {
        var ledger = ledger
        do throws(Refusal) {
            _ = try ledger.stage(Make.event(Make.id("candidate"), kind, by: origin), at: 1)
            return nil
        } catch {
            return error.code
        }
    }

    private func grant(_ expiresAt: WallTime) -> EventKind {
        .grantIssued(Make.grant("new") { $0.expiresAt = expiresAt })
    }

    private func revoke(_ expiresAt: WallTime) -> EventKind {
        .restricted(Restriction(level: .revoke, selector: .all, reason: "", expiresAt: expiresAt))
    }

    @Test func authorityIsGivenByTheLatestTime() throws {
        let token = EventKind.joinTokenMade(
            JoinToken(hash: Make.id("token"), role: .enforcer, expiresAt: 10 * hour + 1000))
        for (leap, isTaken) in [(hour, false), (0, true), (-hour, true)] {
            #expect(refusal(try ledger(leap), grant(10 * hour + 1000), by: "issuer") == (isTaken ? nil : .invalid))
            #expect(refusal(try ledger(leap), token) == (isTaken ? nil : .invalid))
        }
        #expect(
            refusal(try ledger(-hour), grant(10 * hour - 1000), by: "issuer") == .invalid,
            "expired by the continuous clock")
    }

    @Test func restrictionIsTakenByTheEarliestTimeAndLiftedByIt() throws {
        for leap in [hour, 0, -hour] {
            #expect(
                refusal(try ledger(leap), revoke(10 * hour + 1000)) == nil, "no leap keeps an operator from revoking")
            var ledger = try ledger(leap, [(revoke(10 * hour + 1000), "op")])
            #expect(ledger.housekeep(at: Make.milliseconds(900)).isEmpty)
            let ended = ledger.housekeep(at: Make.milliseconds(1100))
            #expect(ended.isEmpty == (leap < 0), "a clock that is behind may be right")
        }
    }

    @Test func echoTellsBothEnds() throws {
        for leap in [hour, -hour] {
            var ledger = try ledger(leap)
            let epoch = Make.event(Make.id("epoch"), try #require(ledger.epochToOpen), by: "ledger")
            _ = try ledger.stage(own: epoch)
            _ = ledger.committed(at: 1)
            let progress = NodeProgress(incarnation: Make.incarnation(1), applied: 1, heard: 1)
            let n1 = Make.node("n1", .enforcer)
            try ledger.register(progress, from: n1, agrees: true, at: 1)
            let reply = try ledger.answer(progress, nonce: 3, rates: nil, from: n1, readHead: 2, readEpoch: 7, at: 1)
            #expect(reply.ledgerTime == 10 * hour)
            #expect(reply.latest == 10 * hour + max(0, leap))
        }
    }

    @Test func onlyALeapThatIsThereIsAccepted() throws {
        func accept(_ leap: Int64) -> EventKind { .timeAccepted(leapMS: leap, reason: "") }
        #expect(refusal(try ledger(0), accept(hour)) == .invalid)
        #expect(refusal(try ledger(0), accept(0)) == .invalid)
        for leap in [hour, -hour] {
            for other in [-leap, 0, leap + 1501, leap - 1501, .max, .min] {
                #expect(refusal(try ledger(leap), accept(other)) == .invalid)
            }
            for close in [leap, leap + 1400, leap - 1400] { #expect(refusal(try ledger(leap), accept(close)) == nil) }
            #expect(refusal(try ledger(leap), accept(leap), by: "issuer") == .notPermitted)
        }
    }

    /// Before it is durable, nothing is judged by it; what is staged behind it is stamped by it.
    @Test func acceptedLeapCountsOnceItIsDurable() throws {
        for leap in [hour, -hour] {
            var ledger = try ledger(leap)
            let event = Make.event(Make.id("accept"), .timeAccepted(leapMS: leap, reason: ""))
            _ = try ledger.stage(event, at: 1)
            #expect(ledger.time.reading(at: 1).leapMS == leap)
            #expect(ledger.stamp(at: 1) == 10 * hour + leap)
            var failed = ledger
            _ = failed.commitFailed(fits: .everything, at: 1)
            #expect(failed.time.reading(at: 1).leapMS == leap)
            #expect(failed.stamp(at: 1) == 10 * hour)
            _ = ledger.committed(at: 1)
            #expect(ledger.time.reading(at: 1) == .init(10 * hour + leap))
        }
    }

    // MARK: What the log carries

    private func event(_ kind: EventKind, by origin: String, at time: WallTime, _ position: Position) -> Event {
        Event(id: Make.id("event \(position)"), mesh: "mesh", origin: origin, createdAt: time, kind: kind)
    }

    @Test func logCarriesTheGreatestTimeOfTheLedgersOwnEvents() throws {
        var state = LedgerState()
        func add(_ kind: EventKind, _ origin: String, _ time: WallTime) throws {
            try state.apply(event(kind, by: origin, at: time, state.view.position + 1), at: state.view.position + 1)
        }
        try add(.genesis(Make.members, .standard), "ledger", 100)
        #expect(state.greatestTime == 100)
        try add(revoke(0), "op", .max)
        #expect(state.greatestTime == 100, "what others say of the time counts for nothing")
        try add(.timeNoted, "ledger", 5000)
        try add(.timeNoted, "ledger", 4000)
        #expect(state.greatestTime == 5000)
        try add(.timeAccepted(leapMS: -3000, reason: ""), "op", 0)
        #expect(state.greatestTime == 2000)
        for leap in [Int64.max, .min] { try add(.timeAccepted(leapMS: leap, reason: ""), "op", 0) }
        #expect(state.greatestTime >= 0, "no event makes a fold trap")
    }

    /// An idle log would let live again what expired since its last event; one in which nothing expires is left alone.
    @Test func timeIsNotedWhenSomethingHasExpiredSince() throws {
        var idle = try ledger(0, [(grant(20 * hour), "issuer")])
        #expect(idle.timeToNote(at: 1) == nil)
        var ledger = try ledger(0, [(grant(10 * hour + 1000), "issuer")])
        #expect(ledger.timeToNote(at: 1) == nil)
        #expect(ledger.timeToNote(at: Make.milliseconds(59_000)) == nil, "not looked for all the time")
        #expect(ledger.timeToNote(at: Make.milliseconds(61_000)) == .timeNoted)
        let noted = event(.timeNoted, by: "ledger", at: ledger.stamp(at: Make.milliseconds(61_000)), 3)
        _ = try ledger.stage(own: noted)
        #expect(ledger.timeToNote(at: Make.milliseconds(200_000)) == nil, "once")
    }
}
