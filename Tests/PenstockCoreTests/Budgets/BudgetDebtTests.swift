internal import PenstockCore
internal import Testing

/// Real cost above what was held: charged once, and freezing what it exceeds until an operator settles it.
@Suite struct BudgetDebtTests {
    private let levels: [BudgetKey] = [.grant("g", unit: "usd"), .named("team")]

    /// Grant g: its own 100 usd under team (60), of which 50 are out and 20 of these spent.
    private func book() throws -> BudgetBook {
        var book = BudgetBook()
        book.create(Budget(name: "team", unit: "usd", ceiling: 60))
        book.issue(Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 100)], ["team"]) })
        let slice = Slice(
            grantID: "g", unit: "usd", amount: 50, node: "n1", incarnation: Make.incarnation(1),
            requestID: Make.incarnation(9))
        try book.reserve(slice, levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 20))
        return book
    }

    private func debt(_ amount: Int64, decision: UInt64 = 1) -> Debt {
        Debt(incarnation: Make.incarnation(1), decision: decision, grantID: "g", amounts: [Amount("usd", amount)])
    }

    private func size(_ book: BudgetBook) -> BudgetBook.Sizing {
        book.size(levels: levels, need: 1, want: 1, holder: Make.incarnation(2), grant: "g", unit: "usd")
    }

    private func team(_ book: BudgetBook) -> [Int64] {
        let entry = book.entries[.named("team")]!
        return [entry.settled, entry.out, entry.unallocated, entry.debt, entry.overcommitted]
    }

    /// An ancestor that has room for a debt goes on; the grant waits all the same.
    @Test func debtThatFitsFreezesNoBudget() throws {
        var book = try book()
        try book.owe(debt(7), levels: [levels], at: 8)
        #expect(team(book) == [27, 30, 3, 0, 0])
        #expect(size(book) == .grant(1) && book.pressed.isEmpty)
        #expect(book.entries[.named("team")]?.openDebts == [8] && book.debts[8]?.isAccepted == false)
        try book.accept(debt: 8)
        #expect(team(book) == [27, 30, 3, 0, 0])
        #expect(book.entries[.named("team")]?.openDebts == [] && book.debts[8]?.isAccepted == true)
    }

    @Test func debtFreezesWhatItExceedsUntilItIsAccepted() throws {
        var book = try book()
        try book.owe(debt(45), levels: [levels], at: 8)
        #expect(team(book) == [65, 30, 0, 35, 0])
        #expect(size(book) == .frozen)
        #expect(book.pressed == [.named("team")], "its own budget has room")
        #expect(book.entries[.grant("g", unit: "usd")]?.debt == 0)
        try book.accept(debt: 8)
        #expect(team(book) == [65, 30, 0, 0, 35])
        #expect(book.entries[.named("team")]?.isFrozen == false && book.debts[8]?.isAccepted == true)
    }

    @Test func sameDecisionIsChargedOnce() throws {
        var book = try book()
        try book.owe(debt(45), levels: [levels], at: 8)
        try book.owe(debt(45), levels: [levels], at: 9)
        #expect(team(book) == [65, 30, 0, 35, 0])
        for _ in 0..<2 { try book.accept(debt: 8) }
        #expect(team(book) == [65, 30, 0, 0, 35])
    }

    /// What slices stand in the way of is wanted back from them, and no debt of the budget's.
    @Test func debtBesideWhatIsOutIsOvercommitted() throws {
        var book = try book()
        try book.owe(debt(25), levels: [levels], at: 8)
        #expect(team(book) == [45, 30, 0, 0, 15])
        #expect(book.pressed == [.named("team")], "what is out is wanted back")
        try book.report(.init(slice: 5, used: 20, returned: 20))
        #expect(team(book) == [45, 10, 5, 0, 0])
        #expect(book.pressed.isEmpty)
    }

    @Test func oneOfTwoAcceptedLeavesItFrozen() throws {
        var book = try book()
        try book.owe(debt(50, decision: 1), levels: [levels], at: 8)
        try book.owe(debt(2, decision: 2), levels: [levels], at: 9)
        try book.accept(debt: 8)
        #expect(size(book) == .frozen)
        #expect(team(book)[3] == 2)
        try book.accept(debt: 9)
        #expect(size(book) != .frozen)
    }

    /// A slice's holder goes on to report while a budget is frozen, and its ceiling may move.
    @Test func movesGoOnWhileFrozen() throws {
        var book = try book()
        try book.owe(debt(45), levels: [levels], at: 8)
        try book.report(.init(slice: 5, used: 30, returned: 5))
        #expect(team(book) == [75, 15, 5, 35, 0])
        try book.setCeiling(.named("team"), 40)
        #expect(team(book) == [75, 15, 0, 35, 15])
        try book.accept(debt: 8)
        #expect(team(book) == [75, 15, 0, 0, 50])
    }

    /// The operator's amount is charged in place of the report's, at every level.
    @Test(arguments: [0, 10, 30, 40, 45] as [Int64]) func settledAtAnotherAmount(_ charged: Int64) throws {
        var book = try book()
        try book.owe(debt(45), levels: [levels], at: 8)
        try book.accept(debt: 8, charged: [Amount("usd", charged)])
        #expect(team(book) == [20 + charged, 30, max(0, 10 - charged), 0, max(0, charged - 10)])
        #expect(book.entries[.grant("g", unit: "usd")]?.settled == 20 + charged)
        #expect(size(book) != .frozen)
        try book.accept(debt: 8, charged: [Amount("usd", 45)])
        #expect(team(book)[0] == 20 + charged, "it is settled once")
    }

    @Test func settledInAWindowThatIsOverChangesNothingElse() throws {
        var book = BudgetBook()
        book.create(Budget(name: "team", unit: "usd", ceiling: 60, window: .rolling(milliseconds: 12_000)))
        try book.open(WindowOpening(budget: "team", number: 1, start: 0, end: 1000))
        try book.owe(debt(70), levels: [[.named("team")]], at: 8)
        try book.open(WindowOpening(budget: "team", number: 2, start: 1000, end: 2000))
        #expect(team(book) == [70, 0, 0, 10, 0])
        try book.accept(debt: 8, charged: [Amount("usd", 0)])
        #expect(team(book) == [0, 0, 60, 0, 0])
    }

    /// Above the ceiling by no more than the tolerance, nothing waits for anybody.
    @Test(arguments: [DebtTolerance(amounts: [Amount("usd", 5)]), DebtTolerance(ppm: 83_334)])
    func debtWithinTheToleranceFreezesNothing(_ tolerance: DebtTolerance) throws {
        var book = try book()
        try book.owe(debt(45), levels: [levels], tolerance: tolerance, freezes: false, at: 8)
        #expect(team(book) == [65, 30, 0, 0, 35])
        #expect(size(book) != .frozen && book.debts[8]?.isAccepted == true)
        try book.owe(debt(1, decision: 2), levels: [levels], tolerance: tolerance, freezes: false, at: 9)
        #expect(size(book) == .frozen && book.debts[9]?.isAccepted == false, "they are counted together")
    }

    @Test func aCeilingIsFoundAboveAbsurdReports() throws {
        var book = try book()
        for decision in UInt64(1)...4 {
            try book.owe(debt(1 << 46, decision: decision), levels: [levels], at: 8 + decision)
            try book.accept(debt: 8 + decision)
        }
        for key in levels { try book.setCeiling(key, (1 << 48) + 100) }
        #expect((1 << 48) + 100 <= Limits.ceiling && size(book) == .grant(1))
    }

    /// Whatever nodes say that they owe, an account adds up, and no sum leaves 64 bits.
    @Test(arguments: [Limits.amount, Limits.sum - 51, Limits.sum, .max]) func debtsAreChargedUpToTheLargestSum(
        amount: Int64
    ) throws {
        var book = try book()
        for decision in UInt64(1)...6 {
            try book.owe(debt(amount, decision: decision), levels: [levels], at: 8 + decision)
        }
        let settled = min(20 + (amount > Limits.sum / 6 ? Limits.sum : 6 * amount), Limits.sum - 30)
        #expect(team(book) == [settled, 30, 0, settled - 30, 0])
        try book.report(.init(slice: 5, used: 50))
        for decision in UInt64(1)...6 { try book.accept(debt: 8 + decision) }
        #expect(team(book) == [settled + 30, 0, 0, 0, settled - 30])
        try book.setCeiling(.named("team"), 0)
        try book.setCeiling(.named("team"), Limits.amount)
        #expect(book.entries[.named("team")]?.unallocated == max(0, Limits.amount - settled - 30))
        #expect(size(book) == (settled + 30 < Limits.amount ? .grant(1) : .exhausted))
    }

    @Test func warningsAreDueAtTheLargestSum() throws {
        var state = LedgerState()
        func add(_ kind: EventKind, _ origin: String) throws {
            try state.apply(
                Make.event(Make.id("\(state.view.position)"), kind, by: origin), at: state.view.position + 1)
        }
        try add(.genesis(Make.members, .standard), "ledger")
        try add(
            .budgetCreated(
                Budget(name: "team", unit: "usd", ceiling: Limits.amount, selector: .all, warnAt: [50, 100])), "op")
        try add(.grantIssued(Make.grant("g")), "issuer")
        for decision in UInt64(1)...3 { try add(.debtRecorded(debt(.max, decision: decision)), "n1") }
        #expect(state.warningsDue() == [.budgetWarned(name: "team", percent: 100, settled: Limits.sum)])
    }

    @Test func debtOfAWindowThatIsLeftBehindIsForgottenWithIt() throws {
        var book = BudgetBook()
        book.create(Budget(name: "team", unit: "usd", ceiling: 60, window: .fixed(milliseconds: 1000)))
        try book.open(WindowOpening(budget: "team", number: 1, start: 0, end: 1000))
        try book.owe(debt(61), levels: [[.named("team")]], at: 8)
        try book.open(WindowOpening(budget: "team", number: 2, start: 1000, end: 2000))
        #expect(team(book) == [0, 0, 60, 0, 0])
        #expect(book.entries[.named("team")]?.isFrozen == true, "an operator has still to decide")
        try book.accept(debt: 8)
        #expect(team(book) == [0, 0, 60, 0, 0])
        #expect(book.entries[.named("team")]?.isFrozen == false)
    }
}
