internal import PenstockCore
internal import Testing

/// What the ledger does as its disk fills up.
@Suite struct LedgerRoomTests {
    private let n1 = Make.node("n1", .enforcer)
    private let progress = NodeProgress(incarnation: Make.incarnation(1), applied: 1, heard: 1)

    private func ledger() throws -> PenstockCore.Ledger {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        let epoch = Make.event(Make.id("epoch"), try #require(ledger.epochToOpen), by: "ledger")
        _ = try ledger.stage(own: epoch)
        _ = ledger.committed(at: 0)
        return ledger
    }

    private func code(_ body: () throws -> Void) -> Refusal.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? Refusal)?.code
        }
    }

    private func stage(_ kind: EventKind, _ ledger: inout PenstockCore.Ledger) -> Refusal.Code? {
        code { _ = try ledger.stage(Make.event(Make.id("\(kind.name)"), kind), at: 0) }
    }

    private func lease(_ ledger: inout PenstockCore.Ledger) -> EchoReply? {
        guard code({ try ledger.register(progress, from: n1, agrees: true, at: 10) }) == nil else { return nil }
        let head = ledger.state.view.position
        return try? ledger.answer(progress, nonce: 3, rates: nil, from: n1, readHead: head, readEpoch: 7, at: 20)
    }

    @Test func everyKindIsOrdinaryButRestrictions() {
        for kind in EventKind.Name.allCases {
            let isRestriction = [.restricted, .nodeExpelled, .epochOpened].contains(kind)
            #expect(StoreRoom.everything.admits(kind))
            #expect(StoreRoom.restrictions.admits(kind) == isRestriction, "\(kind)")
            #expect(!StoreRoom.nothing.admits(kind))
        }
    }

    @Test func fullDiskTakesRestrictionsAndLeasesGoOn() throws {
        var ledger = try ledger()
        _ = ledger.storeTakes(.restrictions, at: 0)
        let position = ledger.next.view.position
        #expect(stage(.settingsChanged(.standard), &ledger) == .full)
        #expect(ledger.next.view.position == position, "nothing was folded")
        #expect(lease(&ledger) != nil)
        #expect(stage(Make.revoke(.agent("a")), &ledger) == nil)
        #expect(stage(.nodeExpelled(name: "n2", reason: ""), &ledger) == nil)
    }

    @Test func noLeaseIsGivenWhereNoRestrictionFits() throws {
        var ledger = try ledger()
        try ledger.register(progress, from: n1, agrees: true, at: 1)
        let echoed = ledger.presence.presences[Make.incarnation(1)]?.lastEcho
        _ = ledger.storeTakes(.nothing, at: 0)
        #expect(stage(Make.revoke(.agent("a")), &ledger) == .full)
        #expect(lease(&ledger) == nil)
        #expect(
            ledger.presence.presences[Make.incarnation(1)]?.lastEcho == echoed, "what gives no lease delays no fence")
        #expect(
            code { _ = try ledger.acknowledge(progress, from: n1, agrees: true, at: 10) } == nil,
            "acknowledgements go on")
        _ = ledger.storeTakes(.everything, at: 0)
        #expect(lease(&ledger) != nil)
    }

    /// What a node hears of slices, it may spend: none is told of while its event is in no log.
    @Test func repeatedRequestHearsNothingOfSlicesThatAreNotDurable() throws {
        var ledger = try ledger()
        _ = try ledger.stage(
            Make.event(
                Make.id("grant"), .grantIssued(Make.grant("g") { $0.budgets = [Amount("usd", 10)] }), by: "issuer"),
            at: 0)
        try ledger.register(progress, from: n1, agrees: true, at: 0)
        let request = SliceRequest(
            incarnation: Make.incarnation(1), requestID: Make.incarnation(9), grantID: "g",
            parts: [.init(unit: "usd", need: 1, want: 1)])
        let answer = try #require(try ledger.reserve(request, from: n1, at: 0))
        _ = try ledger.stage(own: Make.event(Make.id("slice"), .sliceReserved(answer.slices[0]), by: "ledger"))
        _ = ledger.commitFailed(fits: .nothing, at: 0)
        #expect(code { _ = try ledger.reserve(request, from: n1, at: 0) } == .full)
        _ = ledger.storeTakes(.everything, isProven: true, at: .nanosecondsPerSecond)
        #expect(code { _ = try ledger.reserve(request, from: n1, at: 0) } == .notFound, "nor is there a grant")
    }

    /// Before a window is opened for it.
    @Test func requestIsHeldAgainstRoleOwnerAndSizeFirst() throws {
        let ledger = try ledger()
        func request(_ parts: Int, incarnation: UInt64 = 1) -> SliceRequest {
            SliceRequest(
                incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(9), grantID: "g",
                parts: (0..<parts).map { .init(unit: "u\($0)", need: 1, want: 1) })
        }
        #expect(code { try ledger.check(request(1), from: n1) } == nil)
        for role in Role.allCases where role != .enforcer {
            #expect(code { try ledger.check(request(1), from: Make.node("x", role)) } == .notPermitted)
        }
        #expect(code { try ledger.check(request(0), from: n1) } == .invalid)
        #expect(code { try ledger.check(request(Limits.grantListCount + 1), from: n1) } == .invalid)
    }

    @Test func expiredRestrictionsAreLiftedInPartsAndNotFromAFullDisk() throws {
        var ledger = try ledger()
        for number in 0..<Limits.liftedAtOnce + 5 {
            let restriction = Restriction(
                level: .revoke, selector: .agent("a\(number)"), reason: "", expiresAt: Make.wall + 1)
            let event = Make.event(Make.id("\(number)"), .restricted(restriction))
            _ = try ledger.stage(event, at: 0)
            _ = ledger.committed(at: 0)
        }
        _ = ledger.storeTakes(.restrictions, at: 0)
        #expect(ledger.housekeep(at: Make.milliseconds(1000)).isEmpty)
        _ = ledger.storeTakes(.everything, at: 0)
        let expired = ledger.housekeep(at: Make.milliseconds(1000))
        #expect(expired.count == Limits.liftedAtOnce)
        #expect(
            stage(.lifted(Lifting(eventIDs: expired, reason: "expired", expired: true)), &ledger) == .notPermitted,
            "an operator's is not the ledger's")
        _ = try ledger.stage(
            own: Make.event(
                Make.id("lift"), .lifted(Lifting(eventIDs: expired, reason: "expired", expired: true)), by: "ledger"))
        #expect(ledger.housekeep(at: Make.milliseconds(1000)).count == 5)
    }
}
