internal import PenstockCore
internal import Testing

/// Named budgets and rates are changed, moved and closed, and debts settled, by events that an operator alone may
/// cause.
@Suite struct LedgerChangeTests {
    /// org over team over ann, and other; grant g draws on ann.
    private func ledger() throws -> Ledger {
        var ledger = try Ledger()
        for (name, parent) in [("org", ""), ("team", "org"), ("ann", "team"), ("other", "")] {
            try ledger.add(Make.budget(name, 100, parent: parent))
        }
        try ledger.add(Make.budget("calls", 9, unit: "calls"))
        try ledger.add(.grantIssued(Make.grant("g") { $0.draws = ["ann"] }), by: "issuer")
        return ledger
    }

    private func move(_ name: String, _ parent: String) -> EventKind {
        .budgetChanged(BudgetChange(name: name, parent: parent), reason: "")
    }

    private func out(_ ledger: Ledger) -> [Int64] {
        ["org", "team", "ann", "other"].map { ledger.state.book.entries[.named($0)]!.out }
    }

    @Test func onlyWhatCanBeMovedIsMoved() throws {
        var ledger = try ledger()
        #expect(ledger.refusal(move("ann", "other")) == nil)
        #expect(ledger.refusal(move("ann", "")) == nil)
        #expect(ledger.refusal(move("ann", "other"), by: "issuer") == .notPermitted)
        #expect(ledger.refusal(move("none", "other")) == .notFound)
        #expect(ledger.refusal(move("ann", "none")) == .notFound)
        #expect(ledger.refusal(move("ann", "calls")) == .notFound, "another unit")
        for below in ["org", "team", "ann"] { #expect(ledger.refusal(move("org", below)) == .invalid, "below itself") }
        #expect(ledger.refusal(.budgetChanged(BudgetChange(name: "ann"), reason: "")) == .invalid)
        #expect(ledger.refusal(.budgetChanged(BudgetChange(name: "ann", maxOut: -1), reason: "")) == .invalid)
        #expect(ledger.refusal(.budgetChanged(BudgetChange(name: "ann", warnAt: [90, 80]), reason: "")) == .invalid)
        // A tree of 3 under one of 6 would be 9 deep.
        var parent = ""
        for depth in 1...6 {
            try ledger.add(Make.budget("d\(depth)", 100, parent: parent))
            parent = "d\(depth)"
        }
        #expect(ledger.refusal(move("org", "d5")) == nil)
        #expect(ledger.refusal(move("org", "d6")) == .invalid)
    }

    @Test func whatIsOutStaysWhereItWasDrawn() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(30)
        try ledger.add(move("ann", "other"))
        #expect(out(ledger) == [30, 30, 30, 0])
        try ledger.reserve(20)
        #expect(out(ledger) == [30, 30, 50, 20])
        try ledger.add(.sliceClosed(ledger.report([(slice, 10)])), by: "n1")
        #expect(out(ledger) == [0, 0, 20, 20])
        #expect(["team", "other"].map { ledger.state.book.entries[.named($0)]!.settled } == [10, 0])
        #expect(throws: Refusal(.budgetExhausted, "usd")) { try ledger.reserve(95) }
        try ledger.add(.budgetChanged(BudgetChange(name: "other", maxOut: 25), reason: ""))
        #expect(throws: Refusal(.budgetExhausted, "usd")) { try ledger.reserve(26) }
        try ledger.reserve(5)
    }

    /// Wherever it lies on the way.
    @Test(arguments: ["org", "team", "ann"]) func aClosedBudgetDeniesWhatDrawsOnIt(_ name: String) throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(30)
        #expect(ledger.refusal(.budgetClosed(name, reason: "done"), by: "n1") == .notPermitted)
        #expect(ledger.refusal(.budgetClosed("none", reason: "done")) == .notFound)
        try ledger.add(.budgetClosed(name, reason: "done"))
        #expect(throws: Refusal(.budgetClosed, "usd")) { try ledger.reserve(1) }
        #expect(ledger.state.book.pressed == [.named(name)], "what is out is called back")
        try ledger.add(.sliceClosed(ledger.report([(slice, 10)])), by: "n1")
        #expect(
            out(ledger) == [0, 0, 0, 0] && ledger.state.book.entries[.named("org")]!.unallocated == 90,
            "what was left goes to its parents")
        for kind in [
            .budgetClosed(name, reason: ""), .budgetCeilingSet(.named(name), ceiling: 9, reason: ""),
            move(name, "other"), move("other", name), Make.budget("new", 1, parent: name),
        ] as [EventKind] {
            #expect(ledger.refusal(kind) == .unavailable)
        }
        #expect(ledger.refusal(Make.budget(name, 1)) == .exists, "its name stays taken")
        #expect(ledger.refusal(.grantIssued(Make.grant("h") { $0.draws = [name] }), by: "issuer") == .unavailable)
        let image = ledger.state.view.image
        #expect(image.budgets.filter(\.isClosed).map(\.name) == [name])
    }

    @Test func aDebtIsSettledOnceAsItWasSeen() throws {
        var ledger = try ledger()
        let reported = [Amount("usd", 1 << 45)]
        try ledger.add(
            .debtRecorded(Debt(incarnation: Make.incarnation(1), decision: 1, grantID: "g", amounts: reported)),
            by: "n1")
        let position = ledger.position
        func settle(_ charged: [Amount], _ seen: [Amount]? = nil, at place: Position? = nil) -> EventKind {
            .debtSettled(
                DebtSettlement(position: place ?? position, reported: seen ?? reported, charged: charged),
                reason: "absurd")
        }
        #expect(ledger.refusal(settle([Amount("usd", 0)])) == nil)
        #expect(ledger.refusal(settle([Amount("usd", 0)]), by: "n1") == .notPermitted)
        #expect(ledger.refusal(settle([Amount("usd", 0)], at: position - 1)) == .notFound)
        #expect(ledger.refusal(settle([Amount("usd", 0)], [Amount("usd", 7)])) == .invalid, "another than was seen")
        for charged in [
            [], [Amount("calls", 0)], [Amount("usd", -1)], [Amount("usd", 1 << 46)],
            [Amount("usd", 0), Amount("usd", 0)],
        ] {
            #expect(ledger.refusal(settle(charged)) == .invalid)
        }
        #expect(throws: Refusal(.budgetFrozen, "usd")) { try ledger.reserve(1) }
        try ledger.add(settle([Amount("usd", 60)]))
        #expect(ledger.refusal(settle([Amount("usd", 0)])) == .exists)
        try ledger.reserve(40)
        #expect(throws: Refusal(.budgetExhausted, "usd")) { try ledger.reserve(1) }
    }

    @Test func aRateIsChangedInItsUnitAndClosed() throws {
        var ledger = try ledger()
        func rate(_ limit: Int64, name: String = "r", unit: String = "usd") -> Rate {
            Rate(name: name, unit: unit, limit: limit, periodMS: 1000)
        }
        try ledger.add(.rateCreated(NamedRate(rate(5), for: .agent("agent-g"))))
        #expect(ledger.refusal(.rateChanged(rate(9), reason: "")) == nil)
        #expect(ledger.refusal(.rateChanged(rate(9), reason: ""), by: "issuer") == .notPermitted)
        #expect(ledger.refusal(.rateChanged(rate(9, name: "none"), reason: "")) == .notFound)
        #expect(ledger.refusal(.rateChanged(rate(9, unit: "calls"), reason: "")) == .invalid)
        #expect(ledger.refusal(.rateChanged(rate(0), reason: "")) == .invalid)
        try ledger.add(.rateChanged(rate(9), reason: ""))
        #expect(ledger.state.view.rates(ofGrant: 0).map(\.rate) == [rate(9)])
        #expect(ledger.refusal(.rateClosed("none", reason: "")) == .notFound)
        try ledger.add(.rateClosed("r", reason: ""))
        #expect(ledger.state.view.rates(ofGrant: 0).isEmpty && ledger.state.view.rate(.named("r")) == nil)
        #expect(ledger.refusal(.rateCreated(NamedRate(rate(5), for: .all))) == nil, "its name is free")
    }
}
