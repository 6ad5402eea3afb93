internal import PenstockCore
internal import Testing

/// Reserving, reporting and closing: who may speak of whose slices.
@Suite struct LedgerSliceRulesTests {
    /// Grant g has 100 usd.
    private func ledger() throws -> Ledger {
        var ledger = try Ledger()
        try ledger.add(.grantIssued(Make.grant("g") { $0.budgets = [Amount("usd", 100)] }), by: "issuer")
        return ledger
    }

    private func reserveCode(
        _ ledger: Ledger, _ need: Int64, _ want: Int64? = nil, grant: String = "g", unit: String = "usd",
        incarnation: UInt64 = 1
    ) -> Refusal.Code? {
        var ledger = ledger
        do throws(Refusal) {
            try ledger.reserve(need, want, grant: grant, unit: unit, incarnation: incarnation)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func reserveIsRefusedForWhatCannotBeHadAtAll() throws {
        var ledger = try ledger()
        #expect(reserveCode(ledger, 1) == nil)
        #expect(reserveCode(ledger, 1, grant: "none") == .notFound)
        #expect(reserveCode(ledger, 1, unit: "tokens") == .invalid)
        #expect(reserveCode(ledger, -1) == .invalid)
        #expect(reserveCode(ledger, 5, 4) == .invalid)
        #expect(reserveCode(ledger, 101) == .budgetExhausted)
        try ledger.reserve(100)
        #expect(reserveCode(ledger, 1) == .budgetExhausted)
        #expect(reserveCode(ledger, 1, incarnation: 2) == .budgetHeldElsewhere)
        let id = try ledger.add(Make.revoke(.run("run-g")))
        #expect(reserveCode(ledger, 1) == .revoked)
        try ledger.add(Make.lift(id))
        #expect(reserveCode(ledger, 1, incarnation: 2) == .budgetHeldElsewhere)
    }

    @Test func reportSpeaksOfItsOwnOpenSlicesWithinTheirAmount() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(10)
        func report(_ uses: [(Position, Int64)], by origin: String = "n1", incarnation: UInt64 = 1) -> [Refusal.Code?] {
            let report = ledger.report(uses, incarnation: incarnation)
            return [
                ledger.refusal(.spendReported(report), by: origin), ledger.refusal(.sliceClosed(report), by: origin),
            ]
        }
        #expect(report([(slice, 10)]) == [nil, nil])
        #expect(report([(slice, 11)]) == [.invalid, .invalid])
        #expect(report([(slice, -1)]) == [.invalid, .invalid])
        #expect(report([]) == [.invalid, .invalid])
        #expect(report([(slice + 1, 0)]) == [.notFound, .notFound])
        #expect(report([(slice, 1)], incarnation: 2) == [.notPermitted, .notPermitted])
        #expect(report([(slice, 1)], by: "n2") == [.notPermitted, .notPermitted])
        #expect(report([(slice, 1)], by: "op") == [.notPermitted, .notPermitted])
        #expect(report([(slice, 1)], by: "issuer") == [.notPermitted, .notPermitted])
        #expect(report(.init(repeating: (slice, 1), count: Limits.usesPerReport)) == [nil, nil])
        #expect(report(.init(repeating: (slice, 1), count: Limits.usesPerReport + 1)) == [.invalid, .invalid])
        try ledger.add(.sliceClosed(ledger.report([(slice, 3)])), by: "n1")
        #expect(
            report([(slice, 3)]) == [nil, nil],
            "one that is closed needs no more, and must not keep others from being told")
    }

    @Test func successorWaitsForTheFence() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(10)
        let close = EventKind.sliceClosed(ledger.report([(slice, 4)], bySuccessor: true))
        #expect(ledger.refusal(close, by: "n1", fenced: false) == .predecessorAlive)
        #expect(ledger.refusal(close, by: "n1", fenced: true) == nil)
        #expect(ledger.refusal(close, by: "n2", fenced: true) == .notPermitted)
    }

    @Test func incarnationThatWasSucceededIsRefusedForEver() throws {
        var ledger = try ledger()
        let (one, two) = (try ledger.reserve(10), try ledger.reserve(10))
        try ledger.add(.sliceClosed(ledger.report([(one, 4)], bySuccessor: true)), by: "n1")
        #expect(ledger.state.retired == [Make.incarnation(1)])
        #expect(reserveCode(ledger, 1) == .retired)
        #expect(reserveCode(ledger, 1, incarnation: 2) == nil)
        #expect(ledger.refusal(.spendReported(ledger.report([(two, 9)])), by: "n1") == .retired)
        #expect(ledger.refusal(.sliceClosed(ledger.report([(two, 9)])), by: "n1") == .retired)
        // Its successor may go on with what it left out.
        #expect(ledger.refusal(.sliceClosed(ledger.report([(two, 9)], bySuccessor: true)), by: "n1") == nil)
    }

    /// Each close is an event that stays, and a name that is refused for ever.
    @Test func successorClosesWhatIsOpen() throws {
        var ledger = try ledger()
        #expect(ledger.refusal(.sliceClosed(ledger.report([], bySuccessor: true)), by: "n1") == .invalid)
        let slice = try ledger.reserve(10)
        try ledger.add(.sliceClosed(ledger.report([(slice, 4)], bySuccessor: true)), by: "n1")
        #expect(ledger.refusal(.sliceClosed(ledger.report([(slice, 4)], bySuccessor: true)), by: "n1") == .exists)
        #expect(
            ledger.refusal(.sliceClosed(ledger.report([(slice, 4)], incarnation: 99, bySuccessor: true)), by: "n1")
                == .exists)
    }

    @Test func onlyWhoHasALeaseGetsASlice() throws {
        var ledger = PenstockCore.Ledger(try ledger().state)
        let node = Make.node("n1", .enforcer)
        ledger.start(epoch: 7, restored: false, at: 0)
        func code(at now: Instant) -> Refusal.Code? {
            let request = SliceRequest(
                incarnation: Make.incarnation(1), requestID: Make.incarnation(1000), grantID: "g",
                parts: [.init(unit: "usd", need: 1, want: 1)])
            do throws(Refusal) {
                _ = try ledger.reserve(request, from: node, at: now)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(at: 0) == .busy)
        try ledger.register(
            .init(incarnation: Make.incarnation(1), applied: 0, heard: 0), from: node, agrees: true, at: 0)
        #expect(code(at: ledger.presence.bound) == .busy)
        #expect(code(at: 0) == nil)
    }

    /// Who never comes back for what it holds takes a bounded part of the books.
    @Test func nodeLeavesABoundedNumberOfHolders() throws {
        var ledger = try ledger()
        for number in 1...UInt64(Limits.openPerNode) { try ledger.reserve(1, incarnation: number) }
        #expect(reserveCode(ledger, 1, incarnation: 1) == nil)
        #expect(reserveCode(ledger, 1, incarnation: 999) == .full)
        try ledger.add(
            .sliceClosed(
                ledger.report([(ledger.position, 0)], incarnation: UInt64(Limits.openPerNode), bySuccessor: true)),
            by: "n1")
        #expect(reserveCode(ledger, 1, incarnation: 999) == nil)
    }

    @Test func closeGivesBackWhatWasNotUsed() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(100)
        try ledger.add(.sliceClosed(ledger.report([(slice, 30)])), by: "n1")
        #expect(reserveCode(ledger, 70) == nil)
        #expect(reserveCode(ledger, 71) == .budgetExhausted)
    }

    @Test func operatorClosesOnlyWhatAFencedIncarnationLeftBehind() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(100)
        let close = EventKind.sliceClosed(ledger.report([(slice, 30)], bySuccessor: true))
        #expect(ledger.refusal(close, by: "op", fenced: false) == .predecessorAlive)
        #expect(ledger.refusal(.sliceClosed(ledger.report([(slice, 30)])), by: "op") == .notPermitted)
        #expect(
            ledger.refusal(.spendReported(ledger.report([(slice, 30)], bySuccessor: true)), by: "op") == .notPermitted)
        #expect(
            ledger.refusal(.sliceClosed(ledger.report([(slice, 30)], incarnation: 2, bySuccessor: true)), by: "op")
                == .notPermitted)
        #expect(ledger.refusal(close, by: "op") == nil)
        try ledger.add(close, by: "op")
        #expect(ledger.state.retired == [Make.incarnation(1)])
        #expect(reserveCode(ledger, 70, incarnation: 2) == nil)
        #expect(reserveCode(ledger, 71, incarnation: 2) == .budgetExhausted)
    }
}
