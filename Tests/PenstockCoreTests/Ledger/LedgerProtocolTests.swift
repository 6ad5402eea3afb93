internal import PenstockCore
internal import Testing

/// The ledger's side of the protocol, step by step.
@Suite struct LedgerProtocolTests {
    private func ledger(restored: Bool = false) throws -> PenstockCore.Ledger {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: restored, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        return ledger
    }

    private func progress(_ applied: Position = 1, heard: Position? = nil, incarnation: UInt64 = 1) -> NodeProgress {
        NodeProgress(incarnation: Make.incarnation(incarnation), applied: applied, heard: heard ?? applied)
    }

    private func code(_ body: () throws -> Void) -> Refusal.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? Refusal)?.code
        }
    }

    private let n1 = Make.node("n1", .enforcer)
    private let n2 = Make.node("n2", .enforcer)
    private let op = Make.node("op", .operator)

    private func revoke(_ ledger: inout PenstockCore.Ledger, at now: Instant) throws -> Position {
        let event = Make.event(Make.id("revoke at \(now)"), Make.revoke(.agent("a")))
        _ = try ledger.stage(event, at: now)
        return ledger.committed(at: now)[0]
    }

    @Test func restoredLogWaitsForEveryEnforcersWord() throws {
        var ledger = try ledger(restored: true)
        #expect(ledger.awaited == ["n1", "n2"])
        #expect(ledger.epochToOpen == nil)
        #expect(code { try ledger.checkServing() } == .recovering)
        let heard1 = code { try ledger.register(progress(), from: n1, agrees: true, at: 0) }
        #expect(heard1 == .recovering, "no lease before the last word")
        // One that had seen nothing, or has lost its disk, agrees with every log.
        let heard2 = code { _ = try ledger.acknowledge(progress(0), from: n2, agrees: true, at: 0) }
        #expect(heard2 == .notPermitted)
        #expect(ledger.awaited.isEmpty)
        #expect(code { try ledger.checkServing() } == nil)
        #expect(ledger.epochToOpen == .epochOpened(7, reason: "start"))
    }

    @Test(arguments: [(Position(1), Position(9), true), (1, 1, false)])
    func nodeThatHasHeardOfMoreHaltsTheLedger(applied: Position, heard: Position, agrees: Bool) throws {
        for restored in [true, false] {
            var ledger = try ledger(restored: restored)
            let diverged = code {
                try ledger.register(progress(applied, heard: heard), from: n1, agrees: agrees, at: 0)
            }
            #expect(diverged == .diverged)
            #expect(ledger.halted != nil)
            #expect(code { try ledger.checkServing() } == .halted)
            #expect(ledger.epochToOpen == nil)
        }
    }

    @Test func echoIsAnsweredOnlyFromTheLogThatThisProcessWrote() throws {
        var ledger = try ledger()
        let epoch = Make.event(Make.id("epoch"), try #require(ledger.epochToOpen), by: "ledger")
        #expect(try ledger.stage(own: epoch) == 2 && ledger.committed(at: 0).isEmpty)
        try ledger.register(progress(), from: n1, agrees: true, at: 10)
        let reply = try ledger.answer(progress(), nonce: 3, rates: nil, from: n1, readHead: 2, readEpoch: 7, at: 20)
        #expect(reply == EchoReply(nonce: 3, epoch: 7, head: 2, ledgerTime: Make.wall))
        #expect(
            ledger.presence.presences[Make.incarnation(1)]?.lastEcho == 20,
            "a lease is counted from the reply at the latest")
        #expect(throws: Refusal.self) {
            try ledger.answer(progress(), nonce: 4, rates: nil, from: n1, readHead: 2, readEpoch: 8, at: 30)
        }
        #expect(ledger.halted != nil)
    }

    @Test func barrierOfARevokeThatAnEarlierProcessMadeOpensAnew() throws {
        var before = try ledger()
        let position = try revoke(&before, at: 0)
        var ledger = PenstockCore.Ledger(before.state)
        ledger.start(epoch: 8, restored: false, at: 0)
        #expect(ledger.barriers.isEmpty)
        let isOpen = ledger.openBarrier(position, at: 5)
        #expect(isOpen)
        #expect(
            ledger.barriers[position]?.nodes.map(\.node) == ["n1", "n2"],
            "leases that the earlier process gave are waited for")
        let isUnknown = !ledger.openBarrier(position + 1, at: 5)
        #expect(isUnknown)
    }

    /// It stands for the leases of other nodes that an earlier process may have given.
    @Test func noNodeSpeaksForTheUnknownIncarnation() throws {
        var ledger = try ledger()
        var progress = progress(1)
        progress.incarnation = .unknown
        let echo = code { try ledger.register(progress, from: n1, agrees: true, at: 0) }
        let ack = code { _ = try ledger.acknowledge(progress, from: n1, agrees: true, at: 0) }
        #expect([echo, ack] == [.malformed, .malformed])
        #expect(ledger.presence.presences.isEmpty)
    }

    @Test func eventUnderAnotherNameOrOfAnotherRoleIsRefused() throws {
        let ledger = try ledger()
        #expect(code { try ledger.authorize(Make.event(Make.id("x"), Make.revoke(.all)), from: n1) } == .notSigner)
        #expect(
            code { try ledger.authorize(Make.event(Make.id("x"), Make.revoke(.all), by: "n1"), from: n1) }
                == .notPermitted)
        #expect(code { try ledger.authorize(Make.event(Make.id("x"), Make.revoke(.all)), from: op) } == nil)
    }

    /// `standard` has a lease of a second.
    @Test func whoHasNotTakenUpARestrictionInHalfALeaseIsGivenNone() throws {
        var ledger = try ledger()
        let half = 500 * Nanoseconds.nanosecondsPerMillisecond
        try ledger.register(progress(1), from: n1, agrees: true, at: 0)
        let first = try revoke(&ledger, at: 10)
        try ledger.register(progress(1), from: n1, agrees: true, at: 9 + half)
        let late = code { try ledger.register(progress(1), from: n1, agrees: true, at: 10 + half) }
        let newcomer = code { try ledger.register(progress(0, incarnation: 2), from: n2, agrees: true, at: 10 + half) }
        #expect(late == .behind && newcomer == .behind)
        #expect(ledger.presence.presences.keys.sorted() == [Make.incarnation(1)])
        #expect(ledger.presence.presences[Make.incarnation(1)]?.lastEcho == 9 + half)

        // What it keeps waiting is the barrier whose time its last lease can still reach, no later one.
        _ = ledger.stepBarriers(at: 10 + ledger.presence.bound)
        #expect(ledger.barriers[first]?.nodes.allSatisfy { $0.state == .fenced } == true)
        let later = 9 + half + ledger.presence.bound
        let second = try revoke(&ledger, at: later)
        #expect(ledger.barriers[second]?.state == .closed)

        try ledger.register(progress(first), from: n1, agrees: true, at: later)
        #expect(ledger.presence.presences[Make.incarnation(1)]?.lastEcho == later)
    }

    @Test func whatCameOnTheUrgentLaneIsTakenUp() throws {
        var ledger = try ledger()
        try ledger.register(progress(1), from: n1, agrees: true, at: 0)
        let position = try revoke(&ledger, at: 0)
        var urgent = progress(1, heard: position)
        urgent.urgent = [position]
        _ = try ledger.acknowledge(urgent, from: n1, agrees: true, at: 10)
        try ledger.register(progress(1, heard: position), from: n1, agrees: true, at: .nanosecondsPerSecond)
    }

    @Test func restrictionsOfAnEarlierProcessAreExpectedAtOnce() throws {
        var before = try ledger()
        let position = try revoke(&before, at: 0)
        var after = PenstockCore.Ledger(before.state)
        after.start(epoch: 8, restored: false, at: 0)
        let old = code { try after.register(progress(1), from: n1, agrees: true, at: 1) }
        #expect(old == .behind)
        try after.register(progress(position), from: n1, agrees: true, at: 1)
    }

    @Test func veryManyRestrictionsAreExpectedLateRatherThanKept() throws {
        var ledger = try ledger()
        var last: Position = 0
        for number in 0..<Instant(3 * Limits.restrictionsExpected) { last = try revoke(&ledger, at: number) }
        let half = 500 * Nanoseconds.nanosecondsPerMillisecond
        #expect(code { try ledger.register(progress(1), from: n1, agrees: true, at: half) } == .behind)
        let end = half + Instant(3 * Limits.restrictionsExpected)
        #expect(code { try ledger.register(progress(last - 1), from: n1, agrees: true, at: end) } == .behind)
        try ledger.register(progress(last), from: n1, agrees: true, at: end)
    }
}
