internal import PenstockCore
internal import Testing

/// Every decided call is one of the unit `calls` wherever that is metered, whether or not it says so.
@Suite struct CountedCallTests {
    private static let budgets = [Amount("calls", 2), Amount("usd", 100)]

    private func node(_ change: @escaping (inout Grant) -> Void = { $0.budgets = budgets }) throws -> DecidingNode {
        try DecidingNode([Make.grant("g", change)])
    }

    private func call(_ amounts: [Amount], holds: Bool = false) -> Call {
        Make.call { ($0.amounts, $0.holds) = (CallAmounts(amounts)!, holds) }
    }

    @Test(
        arguments: [
            [], [Amount("calls", 0)], [Amount("calls", 1)], [Amount("usd", 7)], [Amount("usd", 0), Amount("calls", 0)],
        ], [false, true])
    func aCallIsOneWhateverItDeclares(_ amounts: [Amount], holds: Bool) throws {
        let node = try node()
        (_, _) = (node.fund("calls", 2), node.fund("usd", 100))
        for left: Int64 in [1, 0] {
            let verdict = node.decide(call(amounts, holds: holds))
            #expect(verdict.isAllow && verdict.calls == 1)
            #expect(node.available("calls") == left)
        }
        let denied = node.decide(call(amounts, holds: holds))
        #expect(
            denied.reason == .budgetPending && denied.lacking == node.enforcement.purse.find(grant: 0, unit: "calls"))
        #expect(denied.shortage?.unit == "calls")
        #expect(node.available("usd") == 100 - 2 * (amounts.first { $0.unit == "usd" }?.value ?? 0), "all or none")
    }

    /// A request that stands for several says so, and is taken at its word.
    @Test func aDeclaredNumberAboveOneIsTaken() throws {
        let node = try node()
        node.fund("calls", 5)
        #expect(node.decide(call([Amount("calls", 3)])).calls == 3)
        #expect(node.available("calls") == 2)
    }

    /// Four amounts are all that a call may name; it is a call all the same.
    @Test func fourOtherUnitsLeaveRoomForIt() throws {
        let units = ["a", "b", "c", "d"]
        let node = try node { $0.budgets = (units + ["calls"]).map { Amount($0, 10) } }
        for unit in units + ["calls"] { node.fund(unit, 10) }
        #expect(node.reason(call(units.map { Amount($0, 1) })) == .none)
        #expect((units + ["calls"]).allSatisfy { node.available($0) == 9 })
    }

    /// By its own budget, one that it names, the parent of that, one that covers it, or one above it.
    @Test(arguments: 0..<4) func whereverTheUnitIsBudgeted(_ place: Int) throws {
        let node = try DecidingNode([])
        try node.add(Make.budget("top", 9, unit: "calls"))
        try node.add(Make.budget("team", 9, unit: "calls", parent: "top"))
        if place == 1 {
            try node.add(.budgetCreated(Budget(name: "all", unit: "calls", ceiling: 9, selector: .agent("agent-g"))))
        }
        try node.add(
            .grantIssued(
                Make.grant("root") { grant in
                    (grant.delegate, grant.draws) = (1, place == 2 ? ["team"] : [])
                    grant.budgets = place == 3 ? [Amount("calls", 9)] : []
                }), by: "issuer")
        try node.add(
            .grantIssued(
                Make.grant("g") { grant in
                    (grant.parent, grant.draws) = (place >= 2 ? "root" : "", place == 0 ? ["team"] : [])
                }), by: "issuer")
        node.renew()
        let verdict = node.decide(call([]))
        #expect(verdict.reason == .budgetPending && verdict.calls == 1 && verdict.shortfall == 1)
    }

    /// A budget that begins to cover a grant counts its next call.
    @Test func aBudgetOfCallsThatIsMadeLaterCounts() throws {
        let node = try node { _ in }
        try node.add(.budgetCreated(Budget(name: "usd", unit: "usd", ceiling: 9, selector: .all)))
        node.renew()
        #expect(node.decide(call([])).isAllow)
        try node.add(.budgetCreated(Budget(name: "calls", unit: "calls", ceiling: 9, selector: .all)))
        node.renew()
        #expect(node.reason(call([])) == .budgetPending)
    }

    @Test func whereNobodyPutsACeilingOnCallsNoneIsTaken() throws {
        let node = try node { $0.budgets = [Amount("usd", 9)] }
        #expect(node.decide(call([])).calls == 0)
        #expect(node.decide(call([Amount("calls", 4)])).isAllow)
    }

    @Test func settlingAtNoCallsLeavesTheOne() throws {
        let node = try node()
        (_, _) = (node.fund("calls", 2), node.fund("usd", 100))
        #expect(node.hold([Amount("usd", 9)], as: 1).isAllow)
        let settlement = node.enforcement.settle(1, actual: CallAmounts([Amount("calls", 0), Amount("usd", 0)])!)
        #expect(settlement?.owed == [] && node.available("calls") == 1 && node.available("usd") == 100)
        #expect(node.hold([], as: 2).isAllow)
        _ = node.enforcement.release(2)
        #expect(node.available("calls") == 1, "what never left was no call")
    }

    @Test func theRecordSaysWhatWasTaken() throws {
        for (amounts, written) in [
            ([Amount("usd", 1)], [Amount("usd", 1), Amount("calls", 1)]), ([Amount("calls", 0)], [Amount("calls", 1)]),
            ([], [Amount("calls", 1)]),
        ] {
            let node = try node()
            (_, _) = (node.fund("calls", 2), node.fund("usd", 100))
            let asked = call(amounts)
            let verdict = node.decide(asked)
            let count = DecisionRecord.byteCount(asked, verdict, debits: node.enforcement.debits.count)
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                DecisionRecord.write(
                    asked, verdict, node.enforcement.debits, grant: 2, wall: 9,
                    into: UnsafeMutableRawBufferPointer(buffer))
                initialized = count
            }
            #expect(bytes.withUnsafeBytes { DecisionRecord($0) }?.amounts == written)
        }
    }
}
