internal import PenstockCore
internal import Testing

/// Ceilings, debts and warnings: what may enter the log, and what the ledger says of itself.
@Suite struct LedgerBudgetRulesTests {
    /// Grant g: 100 usd of its own, drawn from "day" (50).
    private func ledger(warnAt: [UInt32] = []) throws -> Ledger {
        var ledger = try Ledger()
        try ledger.add(.budgetCreated(Budget(name: "day", unit: "usd", ceiling: 50, warnAt: warnAt)))
        try ledger.add(
            .grantIssued(Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 100)], ["day"]) }), by: "issuer")
        return ledger
    }

    private func debt(_ amount: Int64 = 1, unit: String = "usd", grant: String = "g", decision: UInt64 = 1) -> EventKind
    {
        .debtRecorded(
            Debt(incarnation: Make.incarnation(1), decision: decision, grantID: grant, amounts: [Amount(unit, amount)]))
    }

    @Test func ceilingIsOfABudgetThatIsThere() throws {
        let ledger = try ledger()
        func refusal(_ key: BudgetKey, _ ceiling: Int64, by origin: String = "op") -> Refusal.Code? {
            ledger.refusal(.budgetCeilingSet(key, ceiling: ceiling, reason: "test"), by: origin)
        }
        #expect(refusal(.named("day"), 0) == nil)
        #expect(refusal(.grant("g", unit: "usd"), Limits.amount) == nil)
        #expect(refusal(.named("night"), 1) == .notFound)
        #expect(refusal(.grant("g", unit: "tokens"), 1) == .notFound)
        #expect(refusal(.named("day"), -1) == .invalid)
        #expect(refusal(.named("day"), Limits.ceiling + 1) == .invalid)
        #expect(refusal(.named("day"), 1, by: "issuer") == .notPermitted)
    }

    @Test func loweredCeilingIsWhatMayBeHad() throws {
        var ledger = try ledger()
        let slice = try ledger.reserve(30)
        try ledger.add(.budgetCeilingSet(.named("day"), ceiling: 20, reason: "test"))
        #expect(throws: Refusal.self) { try ledger.reserve(1) }
        try ledger.add(.sliceClosed(ledger.report([(slice, 5)])), by: "n1")
        try ledger.reserve(15)
        #expect(throws: Refusal.self) { try ledger.reserve(1) }
        try ledger.add(.budgetCeilingSet(.named("day"), ceiling: 21, reason: "test"))
        try ledger.reserve(1)
    }

    @Test func debtIsOfAUnitThatTheGrantHasBudgetsFor() throws {
        let ledger = try ledger()
        #expect(ledger.refusal(debt(), by: "n1") == nil)
        #expect(ledger.refusal(debt(), by: "op") == .notPermitted)
        #expect(ledger.refusal(debt(0), by: "n1") == .invalid)
        #expect(ledger.refusal(debt(Limits.amount + 1), by: "n1") == .invalid)
        #expect(ledger.refusal(debt(unit: "tokens"), by: "n1") == .invalid)
        #expect(ledger.refusal(debt(decision: 0), by: "n1") == .invalid)
        #expect(ledger.refusal(debt(grant: "none"), by: "n1") == .notFound)
    }

    @Test func debtIsAcceptedOnceAndUnseenNever() throws {
        var ledger = try ledger()
        try ledger.add(debt(), by: "n1")
        let position = ledger.position
        #expect(throws: Refusal(.budgetFrozen, "usd")) { try ledger.reserve(1) }
        #expect(throws: Refusal(.budgetFrozen, "calls")) { try ledger.reserve(1, unit: "calls") }
        #expect(ledger.refusal(debt(), by: "n1") == .exists)
        #expect(ledger.refusal(.debtsAccepted([], reason: "test")) == .invalid)
        #expect(ledger.refusal(.debtsAccepted([position + 1], reason: "test")) == .notFound)
        #expect(ledger.refusal(.debtsAccepted([position], reason: "test"), by: "n1") == .notPermitted)
        #expect(ledger.refusal(.debtsAccepted([position], reason: "test")) == nil)
        try ledger.add(.debtsAccepted([position], reason: "test"))
        #expect(ledger.refusal(.debtsAccepted([position], reason: "test")) == .exists)
        try ledger.reserve(49)
        #expect(throws: Refusal(.budgetExhausted, "usd")) { try ledger.reserve(1) }
    }

    @Test func warningIsDueOnceForEachPartThatIsSpent() throws {
        var ledger = try ledger(warnAt: [50, 80])
        let slice = try ledger.reserve(50)
        #expect(ledger.state.warningsDue() == [], "what is out is not spent")
        try ledger.add(.spendReported(ledger.report([(slice, 24)])), by: "n1")
        #expect(ledger.state.warningsDue() == [])
        try ledger.add(.spendReported(ledger.report([(slice, 25)])), by: "n1")
        #expect(ledger.state.warningsDue() == [.budgetWarned(name: "day", percent: 50, settled: 25)])
        try ledger.add(ledger.state.warningsDue()[0], by: "ledger")
        #expect(ledger.state.warningsDue() == [])
        try ledger.add(.spendReported(ledger.report([(slice, 40)])), by: "n1")
        #expect(ledger.state.warningsDue() == [.budgetWarned(name: "day", percent: 80, settled: 40)])
    }

    @Test func levelsAreItsOwnAndEachNamedOneOnce() throws {
        var ledger = try Ledger()
        try ledger.add(Make.budget("org", 1000))
        try ledger.add(Make.budget("team", 60, parent: "org"))
        let budgets = [Amount("usd", 100), Amount("tokens", 7)]
        try ledger.add(
            .grantIssued(Make.grant("g") { ($0.budgets, $0.draws) = (budgets, ["team", "org"]) }), by: "issuer")
        #expect(ledger.state.levels("g", "usd") == [.grant("g", unit: "usd"), .named("team"), .named("org")])
        #expect(ledger.state.levels("g", "tokens") == [.grant("g", unit: "tokens")])
        #expect(ledger.state.levels("g", "calls") == [])
        #expect(ledger.state.levels("h", "usd") == [])
    }
}
