internal import PenstockCore
internal import Testing

/// What an allow takes, and what gives it back.
@Suite struct SpendTests {
    private func node() throws -> DecidingNode {
        try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 100), Amount("tokens", 100)] }])
    }

    private func call(_ usd: Int64, _ tokens: Int64, holds: Bool = false) -> Call {
        Make.call { ($0.amounts, $0.holds) = (CallAmounts([Amount("usd", usd), Amount("tokens", tokens)])!, holds) }
    }

    @Test func allowTakesExactlyTheAmounts() throws {
        let node = try node()
        let (usd, tokens) = (node.fund("usd", 10), node.fund("tokens", 20))
        let verdict = node.decide(call(7, 11))
        #expect(verdict.isAllow)
        #expect(node.enforcement.debits.map(\.slice) == [usd, tokens])
        #expect(node.enforcement.debits.map(\.amount) == [7, 11])
        #expect([node.available("usd"), node.available("tokens")] == [3, 9])
        #expect(node.slices("usd") == [[7, 0]])
    }

    @Test func allAmountsOrNone() throws {
        let node = try node()
        node.fund("usd", 10)
        node.fund("tokens", 4)
        let verdict = node.decide(call(7, 5))
        #expect(verdict.reason == .budgetPending)
        #expect(node.enforcement.debits.count == 0)
        #expect(verdict.lacking == node.enforcement.purse.find(grant: 0, unit: "tokens"))
        #expect(verdict.shortfall == 1)
        #expect([node.available("usd"), node.available("tokens")] == [10, 4])
    }

    @Test func exactlyWhatIsThereIsEnough() throws {
        let node = try node()
        node.fund("usd", 10)
        node.fund("tokens", 1)
        #expect(node.reason(call(10, 0)) == .none)
        #expect(node.available("usd") == 0)
        #expect(node.reason(call(1, 0)) == .budgetPending)
    }

    @Test func callWithoutAmountsNeedsNoSlice() throws {
        let node = try node()
        #expect(node.reason(Make.call()) == .none)
    }

    /// What is spent or frozen has not even nothing to give.
    @Test(arguments: [true, false]) func anAmountOfZeroNeedsOneLeft(holds: Bool) throws {
        let node = try node()
        node.fund("usd", 1)
        let verdict = node.decide(call(0, 0, holds: holds))
        #expect(verdict.reason == .budgetPending)
        #expect(verdict.lacking == node.enforcement.purse.find(grant: 0, unit: "tokens"))
        #expect(verdict.shortfall == 1)
        node.fund("tokens", 1)
        #expect(node.reason(call(0, 0, holds: holds)) == .none)
        #expect(node.enforcement.debits.isEmpty)
        #expect(node.slices("usd") == [[0, 0]])
        #expect(node.reason(call(1, 0)) == .none)
        #expect(node.reason(call(0, 0, holds: holds)) == .budgetPending)
    }

    @Test func callsWithoutACeilingAreFreeAndOtherUnitsAreNot() throws {
        let node = try node()
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("calls", 1)])! }) == .none)
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("files", 0)])! }) == .unitNotBudgeted)
    }

    @Test func amountBeyondAnyBudgetIsOverTheLimit() throws {
        let node = try node()
        #expect(
            node.reason(Make.call { $0.amounts = CallAmounts(declared: [Amount("usd", Limits.amount + 1)])! })
                == .amountOverLimit)
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", Limits.amount)])! }) == .budgetPending)
    }

    @Test func moreThanMayEverBeOutIsNotAskedFor() throws {
        let node = try DecidingNode([Make.grant("g") { $0.draws = ["small", "large"] }])
        try node.add(.budgetCreated(Budget(name: "small", unit: "usd", ceiling: 1000, maxOut: 20)))
        try node.add(.budgetCreated(Budget(name: "large", unit: "usd", ceiling: 1000, maxOut: 30)))
        node.fund("usd", 3)
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", 21)])! }) == .budgetExhausted)
        #expect(
            !node.enforcement.purse.wantsReserve,
            "what is asked for would be called back for the next part of it, and so on")
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", 20)])! }) == .budgetPending)
        #expect(node.enforcement.purse.wantsReserve)
    }

    @Test func grantsDoNotSpendFromOneAnother() throws {
        let node = try DecidingNode(["g", "h"].map { Make.grant($0) { $0.budgets = [Amount("usd", 100)] } })
        node.fund("usd", 10, grant: 1)
        #expect(node.reason(Make.call("g") { $0.amounts = CallAmounts([Amount("usd", 1)])! }) == .budgetPending)
        #expect(node.reason(Make.call("h") { $0.amounts = CallAmounts([Amount("usd", 1)])! }) == .none)
    }

    @Test func confirmWithinTheLeaseKeepsWhatWasTaken() throws {
        let node = try node()
        node.fund("usd", 10)
        node.fund("tokens", 1)
        var verdict = node.decide(call(7, 0))
        let confirmed = node.enforcement.confirm(&verdict, held: false, now: verdict.usableUntil - 1)
        #expect(confirmed)
        #expect(node.available("usd") == 3)
    }

    @Test(arguments: [false, true]) func confirmAfterTheLeaseRanOutUndoes(holds: Bool) throws {
        let node = try node()
        node.fund("usd", 10)
        node.fund("tokens", 1)
        var verdict = node.decide(call(7, 0, holds: holds))
        let confirmed = node.enforcement.confirm(&verdict, held: holds, now: verdict.usableUntil)
        #expect(!confirmed)
        #expect(verdict.reason == .staleView)
        #expect(node.available("usd") == 10)
        #expect(node.slices("usd") == [[0, 0]])
    }

    @Test(arguments: [false, true]) func undoRestoresEverySlice(holds: Bool) throws {
        let node = try node()
        for _ in 0..<6 { node.fund("usd", 2) }
        node.fund("tokens", 9)
        _ = node.decide(call(11, 9, holds: holds))
        #expect(node.enforcement.debits.count == 7)
        #expect(node.slices("usd").map { $0[1] } == (holds ? [2, 2, 2, 2, 2, 1] : [0, 0, 0, 0, 0, 0]))
        node.enforcement.undo(held: holds)
        #expect([node.available("usd"), node.available("tokens")] == [12, 9])
        #expect(node.slices("usd").allSatisfy { $0 == [0, 0] })
    }
}
