internal import PenstockCore
internal import Testing

/// Requests that wait for what others hold, and whom the ledger asks for it.
@Suite struct LedgerWaitingTests {
    /// Of grant g, with 100 usd and 100 tokens; incarnations 1 and 3 are of n1, 2 of n2, and all have just echoed.
    private struct Mesh {
        var ledger: PenstockCore.Ledger
        private let nodes = [Make.node("n1", .enforcer), Make.node("n2", .enforcer)]

        init() throws {
            var state = LedgerState()
            try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
            let grant = Make.grant("g") { $0.budgets = [Amount("usd", 100), Amount("tokens", 100)] }
            try state.apply(Make.event(Make.id("event 2"), .grantIssued(grant), by: "issuer"), at: 2)
            ledger = PenstockCore.Ledger(state)
            ledger.start(epoch: 7, restored: false, at: 0)
            for incarnation in UInt64(1)...3 { try echo(incarnation, at: 0) }
        }

        mutating func echo(_ incarnation: UInt64, at now: Instant) throws {
            let progress = NodeProgress(incarnation: Make.incarnation(incarnation), applied: 2, heard: 2)
            try ledger.register(progress, from: node(incarnation), agrees: true, at: now)
        }

        private func node(_ incarnation: UInt64) -> NodeKeys { nodes[incarnation == 2 ? 1 : 0] }

        /// The request's id is that of its incarnation, unless another is given.
        mutating func ask(_ incarnation: UInt64, _ parts: [(String, Int64)], id: UInt64? = nil, at now: Instant) throws -> SliceAnswer? {
            let request = SliceRequest(
                incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(100 + (id ?? incarnation)), grantID: "g",
                parts: parts.map { .init(unit: $0.0, need: $0.1, want: $0.1) })
            guard let answer = try ledger.reserve(request, from: node(incarnation), at: now) else { return nil }
            if answer.positions.isEmpty { try stage(answer) }
            return answer
        }

        mutating func stage(_ answer: SliceAnswer) throws {
            for slice in answer.slices { try add(.sliceReserved(slice), by: "ledger") }
        }

        mutating func add(_ kind: EventKind, by origin: String) throws {
            _ = try ledger.stage(own: Make.event(Make.id("event \(ledger.state.view.position + 1)"), kind, by: origin))
        }

        mutating func giveBack(_ returned: Int64, of slice: Position) throws {
            let use = SliceReport.Use(slice: slice, used: 0, returned: returned)
            try add(.spendReported(SliceReport(incarnation: Make.incarnation(1), uses: [use])), by: "n1")
        }

        /// Whose request is answered, and with what; all that can be.
        mutating func served(at now: Instant) throws -> [String] {
            var served: [String] = []
            while let next = ledger.nextServed(at: now) {
                let answer = try next.answer.get()
                try stage(answer)
                served.append("\(next.request.incarnation.low) \(answer.slices.map(\.amount)) \(answer.refused.map(\.code.rawValue))")
            }
            return served
        }
    }

    /// What it has spent and not told is out as far as the ledger knows: once told, it makes room.
    @Test func whoeverHasAllThatMayBeOutIsAskedItself() throws {
        var mesh = try Mesh()
        try mesh.add(.budgetCreated(Budget(name: "b", unit: "usd", ceiling: 100, selector: .all, maxOut: 20)), by: "op")
        #expect(try mesh.ask(1, [("usd", 20)], at: 0)?.slices.map(\.amount) == [20])
        #expect(try mesh.ask(1, [("usd", 5)], id: 9, at: 10) == nil)
        let recalled = mesh.ledger.recalls(at: 10)
        #expect(recalled.map(\.incarnation) == [Make.incarnation(1)])
        try mesh.add(.spendReported(SliceReport(incarnation: Make.incarnation(1), uses: [.init(slice: 4, used: 20)])), by: "n1")
        #expect(try mesh.served(at: 20) == ["1 [5] []"])
        #expect(try mesh.ask(1, [("usd", 21)], id: 10, at: 30)?.refused.map(\.code) == [.budgetExhausted])
    }

    /// It would spend nothing of what it gets, and give nothing back. What it was granted before, it may hear of late.
    @Test func whoeverEndsWaitsNoMore() throws {
        var mesh = try Mesh()
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
        var mesh = try Mesh()
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
        var mesh = try Mesh()
        _ = try mesh.ask(1, [("usd", 90)], at: 0)
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        #expect(try mesh.ask(3, [("usd", 5)], at: 20) == nil)
        #expect(try mesh.ask(3, [("tokens", 5)], id: 9, at: 20)?.slices.map(\.amount) == [5])
    }

    @Test func waiterIsToldNoWhenItsTimeIsOver() throws {
        var mesh = try Mesh()
        _ = try mesh.ask(1, [("usd", 100)], at: 0)
        #expect(try mesh.ask(2, [("usd", 60)], at: 10) == nil)
        let deadline = 10 + PenstockCore.Ledger.patience
        #expect(mesh.ledger.nextDeadline == deadline)
        #expect(try mesh.served(at: deadline - 1) == [])
        #expect(try mesh.served(at: deadline) == ["2 [] [\"budget_held_elsewhere\"]"])
    }

    @Test func nobodyWaitsForWhatCannotComeBack() throws {
        var mesh = try Mesh()
        #expect(try mesh.ask(2, [("usd", 101)], at: 0)?.refused.map(\.code) == [.budgetExhausted])
        _ = try mesh.ask(1, [("usd", 100)], at: 0)
        #expect(try mesh.ask(1, [("usd", 1)], id: 9, at: 0)?.refused.map(\.code) == [.budgetExhausted], "it has it itself")
        // Its holder has not echoed for an hour: only its successor gives anything back.
        let later = 3600 * Nanoseconds.nanosecondsPerSecond
        try mesh.echo(2, at: later)
        #expect(try mesh.ask(2, [("usd", 1)], id: 8, at: later)?.refused.map(\.code) == [.budgetHeldElsewhere])
    }

    @Test func holdersAreAskedAgainUntilItComesBack() throws {
        var mesh = try Mesh()
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
        var mesh = try Mesh()
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
