internal import PenstockCore
internal import Testing

/// Requests that wait for what others hold, and whom the ledger asks for it.
@Suite struct LedgerWaitingTests {
    /// What it has spent and not told is out as far as the ledger knows: once told, it makes room.
    @Test func whoeverHasAllThatMayBeOutIsAskedItself() throws {
        var mesh = try WaitingMesh()
        try mesh.add(.budgetCreated(Budget(name: "b", unit: "usd", ceiling: 100, selector: .all, maxOut: 20)), by: "op")
        #expect(try mesh.ask(1, [("usd", 20)], at: 0)?.slices.map(\.amount) == [20])
        #expect(try mesh.ask(1, [("usd", 5)], id: 9, at: 10) == nil)
        let recalled = mesh.ledger.recalls(at: 10)
        #expect(recalled.map(\.incarnation) == [Make.incarnation(1)])
        try mesh.add(
            .spendReported(SliceReport(incarnation: Make.incarnation(1), uses: [.init(slice: 4, used: 20)])), by: "n1")
        #expect(try mesh.served(at: 20) == ["1 [5] []"])
        #expect(try mesh.ask(1, [("usd", 21)], id: 10, at: 30)?.refused.map(\.code) == [.budgetExhausted])
    }

    /// It would spend nothing of what it gets, and give nothing back. What it was granted before, it may hear of late.
    @Test func whoeverEndsWaitsNoMore() throws {
        var mesh = try WaitingMesh()
        #expect(try mesh.ask(1, [("usd", 100)], at: 0)?.slices.map(\.amount) == [100])
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        var progress = NodeProgress(incarnation: Make.incarnation(2), applied: 2, heard: 2)
        progress.ended = true
        let over = try mesh.ledger.acknowledge(progress, from: Make.node("n2", .enforcer), agrees: true, at: 15)
        #expect(over.map(\.incarnation) == [Make.incarnation(2)])
        try mesh.giveBack(100, of: 3)
        #expect(try mesh.served(at: 20) == [])
        #expect(throws: PenstockCore.Ledger.ended) { try mesh.ask(2, [("usd", 60)], id: 9, at: 30) }
        progress.incarnation = Make.incarnation(1)
        #expect(try mesh.ledger.acknowledge(progress, from: Make.node("n1", .enforcer), agrees: true, at: 35).isEmpty)
        #expect(try mesh.ask(1, [("usd", 100)], at: 40)?.positions == [3])
    }

    @Test func oldestWaiterIsServedFirst() throws {
        var mesh = try WaitingMesh()
        #expect(try mesh.ask(1, [("usd", 100)], at: 0)?.slices.map(\.amount) == [100])
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        #expect(try mesh.ask(3, [("usd", 30)], at: 20) == nil)
        #expect(try mesh.ask(3, [("usd", 30)], at: 20) == nil, "it waits once, however often it is asked")
        try mesh.giveBack(40, of: 3)
        #expect(try mesh.served(at: 30) == [], "what came back is for whoever has waited longest")
        try mesh.giveBack(60, of: 3)
        #expect(try mesh.served(at: 40) == ["2 [60] []"])
        try mesh.giveBack(95, of: 3)
        #expect(try mesh.served(at: 50) == ["3 [30] []"])
        #expect(mesh.ledger.nextDeadline == nil)
    }

    @Test func newcomerDoesNotOvertakeWhoWaits() throws {
        var mesh = try WaitingMesh()
        _ = try mesh.ask(1, [("usd", 90)], at: 0)
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        #expect(try mesh.ask(3, [("usd", 5)], at: 20) == nil)
        #expect(try mesh.ask(3, [("tokens", 5)], id: 9, at: 20)?.slices.map(\.amount) == [5])
    }

    /// What the others gave back leaves it alone with its own slice: no older waiter gains if it is refused.
    @Test func waiterIsNotRefusedForAnOlderOne() throws {
        var mesh = try WaitingMesh()
        _ = try mesh.ask(1, [("usd", 50)], at: 0)
        _ = try mesh.ask(3, [("usd", 40)], at: 0)
        #expect(try mesh.ask(2, [("usd", 70)], at: 10) == nil)
        #expect(try mesh.ask(3, [("usd", 5)], id: 9, at: 20) == nil)
        try mesh.giveBack(50, of: 3)
        #expect(try mesh.served(at: 30) == ["3 [5] []"])
    }

    @Test func waiterIsToldNoWhenItsTimeIsOver() throws {
        var mesh = try WaitingMesh()
        _ = try mesh.ask(1, [("usd", 100)], at: 0)
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        let deadline = 10 + PenstockCore.Ledger.patience
        #expect(mesh.ledger.nextDeadline == deadline)
        #expect(try mesh.served(at: deadline - 1) == [])
        #expect(try mesh.served(at: deadline) == ["2 [] [\"budget_held_elsewhere\"]"])
    }

    @Test func nobodyWaitsForWhatCannotComeBack() throws {
        var mesh = try WaitingMesh()
        #expect(try mesh.ask(2, [("usd", 101)], at: 0)?.refused.map(\.code) == [.budgetExhausted])
        _ = try mesh.ask(1, [("usd", 100)], at: 0)
        #expect(
            try mesh.ask(1, [("usd", 1)], id: 9, at: 0)?.refused.map(\.code) == [.budgetExhausted], "it has it itself")
        // Its holder has not echoed for an hour: only its successor gives anything back.
        let later = 3600 * Nanoseconds.nanosecondsPerSecond
        try mesh.echo(2, at: later)
        #expect(try mesh.ask(2, [("usd", 1)], id: 8, at: later)?.refused.map(\.code) == [.budgetHeldElsewhere])
    }

    @Test func holdersAreAskedAgainUntilItComesBack() throws {
        var mesh = try WaitingMesh()
        _ = try mesh.ask(1, [("usd", 100)], at: 0)
        _ = try mesh.ask(1, [("tokens", 10)], id: 9, at: 0)
        #expect(mesh.ledger.recalls(at: 5) == [])
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        let times = [10, 10, 10 + Make.milliseconds(99), 10 + Make.milliseconds(100)]
        #expect(times.map { mesh.ledger.recalls(at: $0).count } == [1, 0, 0, 1])
        let recalls = mesh.ledger.recalls(at: Make.milliseconds(300))
        #expect(recalls.map(\.incarnation) == [Make.incarnation(1)])
        #expect(recalls.map(\.unit) == ["usd"])
        try mesh.giveBack(100, of: 3)
        #expect(mesh.ledger.recalls(at: Make.milliseconds(500)) == [])
    }

    @Test func slicesOfALoweredOrFrozenBudgetAreCalledBack() throws {
        var mesh = try WaitingMesh()
        _ = try mesh.ask(1, [("usd", 50)], at: 0)
        try mesh.add(.budgetCeilingSet(.grant("g", unit: "usd"), ceiling: 40, reason: "test"), by: "op")
        #expect(mesh.ledger.recalls(at: 0).map(\.unit) == ["usd"])
        try mesh.giveBack(10, of: 3)
        #expect(mesh.ledger.recalls(at: Make.milliseconds(100)) == [])
        let debt = Debt(incarnation: Make.incarnation(1), decision: 4, grantID: "g", amounts: [Amount("usd", 1)])
        try mesh.add(.debtRecorded(debt), by: "n1")
        #expect(mesh.ledger.recalls(at: Make.milliseconds(200)).map(\.unit) == ["usd"])
        #expect(try mesh.ask(2, [("usd", 1)], at: 0)?.refused.map(\.code) == [.budgetFrozen])
    }
}
