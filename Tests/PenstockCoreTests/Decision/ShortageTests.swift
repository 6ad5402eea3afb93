internal import PenstockCore
internal import Testing

/// A denial says which limit it met, and what could still be had of it.
@Suite struct ShortageTests {
    private func call(_ unit: String, _ amount: Int64) -> Call {
        Make.call { $0.amounts = CallAmounts(declared: [Amount(unit, amount)])! }
    }

    @Test func aRateAndAMaximumAreNamed() throws {
        let node = try DecidingNode([
            Make.grant("g") { grant in
                grant.rates = [Rate(unit: "calls", limit: 2, periodMS: 60_000)]
                (grant.budgets, grant.maxAmounts) = ([Amount("usd", 50)], [Amount("usd", 9)])
            }
        ])
        #expect(node.decide(call("usd", 10)).shortage == Shortage(.maxAmount, unit: "usd", couldGet: 9))
        #expect(
            node.decide(call("calls", 3)).shortage == Shortage(.rate, "g/calls", unit: "calls", couldGet: 2))
        #expect(node.decide(call("usd", 1)).shortage == Shortage(.rate, "g/calls", unit: "calls"))
    }

    /// What a caller wrote goes into terminals and logs.
    @Test(arguments: ["u\u{1B}[2J", "\u{202E}dsu", "u\n", String(repeating: "u", count: 64)])
    func aUnitOfTheCallersIsShownSafely(_ unit: String) throws {
        let node = try DecidingNode([Make.grant("g")])
        let verdict = node.decide(call(unit, 1))
        let shown = try #require(verdict.shortage).unit
        #expect(
            shown.isPrintable && shown.utf8.count <= 67 && shown.utf8.first != UInt8(ascii: "\\")
                || shown.hasPrefix("\\u{202e}"))
    }

    private func answer(_ need: Int64, _ ledger: Ledger, incarnation: UInt64 = 1) throws -> SliceAnswer.Refused {
        var ledger = try ledger.serving(incarnation)
        let request = SliceRequest(
            incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(77), grantID: "g",
            parts: [.init(unit: "usd", need: need, want: need)])
        return try #require(try ledger.reserve(request, from: Make.node("n1", .enforcer), at: 0)?.refused.first)
    }

    /// Of several, the one of which the least could be had; and who holds it.
    @Test func theNarrowestBudgetIsNamed() throws {
        var ledger = try Ledger()
        try ledger.add(Make.budget("org", 100))
        try ledger.add(Make.budget("team", 70, parent: "org"))
        try ledger.add(
            .grantIssued(Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 90)], ["team"]) }), by: "issuer")
        try ledger.reserve(20)
        try ledger.reserve(30, incarnation: 2)
        let held = try answer(40, ledger)
        #expect([held.budget, held.code.rawValue] == ["team", "budget_held_elsewhere"])
        #expect([held.couldGet, held.heldHere, held.heldElsewhere] == [70, 20, 30])
        #expect(held.retryAfterMS > 0)
        let never = try answer(95, ledger)
        #expect(
            [never.budget, never.code.rawValue] == ["team", "budget_exhausted"] && never.couldGet == 70
                && never.retryAfterMS == 0)
    }

    /// Of a budget with windows, the next one brings it again.
    @Test func aWindowSaysWhenItEnds() throws {
        var ledger = try Ledger()
        try ledger.add(
            .budgetCreated(
                Budget(
                    name: "hourly", unit: "usd", ceiling: 10, selector: .all, window: .fixed(milliseconds: 3_600_000))))
        try ledger.add(.grantIssued(Make.grant("g")), by: "issuer")
        try ledger.add(
            .windowOpened(WindowOpening(budget: "hourly", number: 1, start: 0, end: 3_600_000)), by: "ledger")
        try ledger.reserve(10)
        #expect(try (3_000_000...3_600_000).contains(answer(1, ledger).retryAfterMS))
    }

    /// The ledger counts calls under way as what may come back: more than that can never pass.
    @Test func whatNoCallUnderWayCouldGiveBackIsDeniedForGood() throws {
        let node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 10)] }])
        node.fund("usd", 6)
        #expect(node.hold([Amount("usd", 6)], as: 1).isAllow)
        let account = node.enforcement.purse.find(grant: 0, unit: "usd")
        func lack(_ amount: Int64, here: Int64 = 6) -> Follower.Lack {
            var refused = SliceAnswer.Refused("usd", .budgetExhausted)
            (refused.budget, refused.couldGet, refused.heldHere, refused.heldElsewhere) = ("g/usd", 10, here, 0)
            let part = Purse.Reserve.Part(account: account, need: amount, want: amount, amount: amount)
            return Follower.Lack(part, in: 0, refused, node.enforcement)
        }
        #expect([lack(10).reason, lack(11).reason] == [.budgetHeldElsewhere, .budgetExhausted])
        #expect(
            lack(10).shortage == Shortage(.budget, "g/usd", unit: "usd", couldGet: 10, heldHere: 6, heldElsewhere: 0))
        #expect(lack(10).retryAfter == 1_000_000_000, "nobody can call it back")
        // It cost 4: what is spent is not told yet, and can never come back.
        _ = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 4)])!)
        #expect([lack(6).reason, lack(7).reason] == [.budgetHeldElsewhere, .budgetExhausted])
        #expect(lack(7).shortage.couldGet == 6 && lack(7).shortage.heldHere == 2)
    }
}
