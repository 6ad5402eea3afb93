internal import PenstockCore
internal import Testing

/// What an incarnation owed when it ended, its successor tells from the journal, until the ledger has it.
@Suite struct FollowerDebtTests {
    private let grants = ["g", "h"].map { Make.grant($0) { $0.budgets = [Amount("usd", 10)] } }

    private func debt(_ decision: UInt64, incarnation: UInt64 = 1, _ amount: Int64 = 3) -> Debt {
        Debt(
            incarnation: Make.incarnation(incarnation), decision: decision, grantID: "g",
            amounts: [Amount("usd", amount)])
    }

    /// A node with calls that each held 1 usd and cost 4.
    private func owing(_ decisions: UInt64...) throws -> DecidingNode {
        let node = try DecidingNode(grants)
        node.fund("usd", 9)
        for decision in decisions { _ = node.hold([Amount("usd", 1)], as: decision) }
        for decision in decisions {
            _ = node.enforcement.settle(decision, actual: CallAmounts([Amount("usd", 4)])!, journal: TestJournal())
        }
        return node
    }

    @Test func aDebtFreezesItsGrantAtOnceUntilItIsAccepted() throws {
        let node = try owing(7)
        #expect(node.enforcement.owing == [debt(7)])
        #expect(node.reason(Make.call()) == .budgetFrozen, "whatever it asks for")
        #expect(node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", 0)])! }) == .budgetFrozen)
        #expect(node.reason(Make.call("h")) == .none)
        try node.add(.debtRecorded(debt(7)), by: "n1")
        #expect(node.enforcement.owing == [])
        #expect(node.reason(Make.call()) == .budgetFrozen)
        let position = node.position
        try node.add(Make.revoke(.grant("g"), .suspend))
        try node.add(Make.lift(Make.id("event \(node.position)")))
        #expect(node.reason(Make.call()) == .budgetFrozen, "lifting a restriction settles no debt")
        try node.add(.debtsAccepted([position], reason: "test"))
        #expect(node.reason(Make.call()) == .none)
    }

    private func tolerant(_ tolerance: DebtTolerance) -> Settings {
        var settings = Settings.standard
        settings.debtTolerance = tolerance
        return settings
    }

    /// By unit, or as a part of the least ceiling that it draws on.
    @Test(arguments: [DebtTolerance(amounts: [Amount("usd", 3)]), DebtTolerance(ppm: 300_000)])
    func aDebtWithinTheToleranceFreezesNothing(_ tolerance: DebtTolerance) throws {
        let node = try DecidingNode(grants, settings: tolerant(tolerance))
        node.fund("usd", 9)
        for (decision, cost) in [(UInt64(7), Int64(4)), (8, 5)] {
            _ = node.hold([Amount("usd", 1)], as: decision)
            _ = node.enforcement.settle(decision, actual: CallAmounts([Amount("usd", cost)])!, journal: TestJournal())
            #expect(node.enforcement.owing.last == debt(decision, cost - 1), "it is told all the same")
            #expect(node.reason(Make.call()) == (cost == 4 ? .none : .budgetFrozen))
        }
        for (decision, amount) in [(UInt64(7), Int64(3)), (8, 4)] {
            try node.add(.debtRecorded(debt(decision, amount)), by: "n1")
        }
        #expect(
            node.reason(Make.call()) == .budgetFrozen && node.enforcement.view.debts.values.map(\.decision) == [8])
        let settlement = DebtSettlement(
            position: node.position, reported: [Amount("usd", 4)], charged: [Amount("usd", 0)])
        try node.add(.debtSettled(settlement, reason: ""))
        #expect(node.reason(Make.call()) == .none)
    }

    /// The node had judged by settings of before the ledger's.
    @Test func aToleranceThatCameFirstUndoesWhatTheNodeFroze() throws {
        let node = try owing(7)
        #expect(node.reason(Make.call()) == .budgetFrozen)
        try node.add(.settingsChanged(tolerant(DebtTolerance(ppm: 1_000_000))))
        try node.add(.debtRecorded(debt(7)), by: "n1")
        node.renew()
        #expect(node.reason(Make.call()) == .none)
    }

    @Test func oneDebtThatIsNotAcceptedKeepsTheGrantFrozen() throws {
        let node = try owing(7, 8)
        try node.add(.debtRecorded(debt(7)), by: "n1")
        try node.add(.debtsAccepted([node.position], reason: "test"))
        #expect(node.reason(Make.call()) == .budgetFrozen, "nobody has seen the second")
        try node.add(.debtRecorded(debt(8)), by: "n1")
        try node.add(.debtsAccepted([node.position], reason: "test"))
        #expect(node.reason(Make.call()) == .none)
    }

    @Test func aDebtFreezesWhatWasDelegatedFromItsGrant() throws {
        let child = Make.grant("child") { ($0.parent, $0.runID, $0.budgets) = ("g", "", [Amount("usd", 1)]) }
        let node = try DecidingNode([Make.grant("g") { ($0.budgets, $0.delegate) = ([Amount("usd", 10)], 1) }, child])
        #expect(node.reason(Make.call("child")) == .none)
        try node.add(.debtRecorded(debt(7)), by: "n2")
        #expect([node.reason(Make.call("child")), node.reason(Make.call("g"))] == [.budgetFrozen, .budgetFrozen])
    }

    @Test func aViewFromASnapshotIsFrozenAsTheLogIs() throws {
        var view = try View(grants: grants)
        try view.add(.debtRecorded(debt(7, incarnation: 2)), by: "n2")
        try view.add(.debtRecorded(debt(7, incarnation: 2)), by: "n2")
        let image = view.image
        #expect(image.debts.map(\.decision) == [7], "old logs tell a debt twice")
        let node = try owing(9)
        node.enforcement.load(try View(image: image))
        node.renew()
        #expect(node.reason(Make.call()) == .budgetFrozen)
        try node.add(.debtsAccepted([image.debts[0].position], reason: "test"))
        #expect(node.reason(Make.call()) == .budgetFrozen, "its own is not recorded yet")
        try node.add(.debtRecorded(debt(9)), by: "n1")
        try node.add(.debtsAccepted([node.position], reason: "test"))
        #expect(node.reason(Make.call()) == .none)
        #expect(node.enforcement.view.image.debts == [])
    }

    /// Recorded, and accepted, before its node has heard of it.
    @Test func whatTheLedgerHadRecordedBeforeFreezesNoFurther() throws {
        let node = try owing(7)
        var follower = Make.follower()
        follower.refused(.owe(debt(7)), Refusal(.exists, ""), &node.enforcement, at: 0)
        #expect(node.enforcement.owing == [])
        #expect(node.enforcement.debtsRefused == 0)
        #expect(node.reason(Make.call()) == .none)
    }

    @Test func aDebtThatIsRefusedForGoodIsCountedAndItsGrantStaysFrozen() throws {
        let node = try owing(7)
        var follower = Make.follower()
        follower.refused(.owe(debt(7)), Refusal(.notFound, ""), &node.enforcement, at: 0)
        #expect(node.enforcement.owing == [])
        #expect(node.enforcement.debtsRefused == 1)
        #expect(node.reason(Make.call()) == .budgetFrozen)
    }

    @Test(arguments: [Int64(3), Limits.amount + 1, .max]) func aSuccessorTellsWhatItsPredecessorOwed(amount: Int64)
        throws
    {
        let view = try View(grants: [Make.grant("g") { $0.budgets = [Amount("usd", 10)] }])
        var record = DecisionRecord(kind: .owed)
        (record.decision, record.grant, record.amounts) = (7, view.grants[0].position, [Amount("usd", amount)])
        var predecessors = Predecessors()
        predecessors.add(Make.incarnation(2), proven: true)
        predecessors.add(owed: record, by: Make.incarnation(2))
        var follower = Make.follower(predecessors)
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(3), audiences: [])
        func debts(at now: Instant) -> [Debt] {
            follower.tick(&enforcement, awaited: [], echoWanted: false, at: now) { 1 }.compactMap {
                if case .owe(let debt) = $0 { debt } else { nil }
            }
        }
        _ = debts(at: 0)
        follower.loaded(view, head: view.position, into: &enforcement, at: 0)
        let owed = Debt(
            incarnation: Make.incarnation(2), decision: 7, grantID: "g",
            amounts: [Amount("usd", min(amount, Limits.amount))])
        #expect(debts(at: Make.milliseconds(1)) == [owed])
        #expect(debts(at: Make.milliseconds(200)) == [owed], "again, until the ledger has it")
        for refusal in [Refusal(.full, "", retryAfterMS: 1000), Refusal(.halted, "")] {
            follower.refused(.owe(owed), refusal, &enforcement, at: 0)
        }
        #expect(debts(at: Make.milliseconds(300)) == [owed], "the ledger has not judged it")
        #expect(enforcement.view.marks(on: "g")?.contains(.frozen) == true, "nothing is allowed before")
        #expect(follower.answered([], enforcement).isEmpty && follower.predecessorsClosed)
        #expect(!follower.mayForgetPredecessors, "the record is all that tells of it")
        follower.taken(.owe(owed), &enforcement)
        #expect(debts(at: Make.milliseconds(400)) == [])
        #expect(follower.mayForgetPredecessors)
    }
}
