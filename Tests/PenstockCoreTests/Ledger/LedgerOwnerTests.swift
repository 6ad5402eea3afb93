internal import PenstockCore
internal import Testing

/// An incarnation belongs to the node that first used it, in every message.
@Suite struct LedgerOwnerTests {
    private let n1 = Make.node("n1", .enforcer)
    private let n2 = Make.node("n2", .enforcer)
    private let op = Make.node("op", .operator)

    private func ledger() throws -> PenstockCore.Ledger {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        try state.apply(
            Make.event(
                Make.id("event 2"), .grantIssued(Make.grant("g") { $0.budgets = [Amount("usd", 100)] }), by: "issuer"),
            at: 2)
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        return ledger
    }

    /// Every message that names an incarnation.
    private enum Message: CaseIterable { case echo, ack, reserve, report, close, successor, debt, batch }

    private func send(_ message: Message, _ ledger: inout PenstockCore.Ledger, by node: NodeKeys, _ number: UInt64 = 1)
        -> Refusal.Code?
    {
        let incarnation = Make.incarnation(number)
        let progress = NodeProgress(incarnation: incarnation, applied: 1, heard: 1)
        let uses = [SliceReport.Use(slice: 1, used: 0)]
        func stage(_ kind: EventKind) throws {
            let event = Make.event(
                Make.id("\(message) \(node.name) \(ledger.state.view.position)"), kind, by: node.name)
            _ = try ledger.stage(event, at: 0)
        }
        do {
            switch message {
            case .echo: try ledger.register(progress, from: node, agrees: true, at: 0)
            case .ack: _ = try ledger.acknowledge(progress, from: node, agrees: true, at: 0)
            case .reserve:
                try? ledger.register(progress, from: node, agrees: true, at: 0)
                let request = SliceRequest(
                    incarnation: incarnation, requestID: Make.incarnation(ledger.state.view.position + 900),
                    grantID: "g", parts: [.init(unit: "usd", need: 1, want: 1)])
                let answer = try ledger.reserve(request, from: node, at: 0)
                for slice in answer?.slices ?? [] {
                    _ = try ledger.stage(
                        own: Make.event(
                            Make.id("slice \(ledger.state.view.position)"), .sliceReserved(slice), by: "ledger"))
                }
            case .report: try stage(.spendReported(SliceReport(incarnation: incarnation, uses: uses)))
            case .close: try stage(.sliceClosed(SliceReport(incarnation: incarnation, uses: uses)))
            case .successor:
                try stage(.sliceClosed(SliceReport(incarnation: incarnation, uses: uses, bySuccessor: true)))
            case .debt:
                try stage(
                    .debtRecorded(
                        Debt(
                            incarnation: incarnation, decision: ledger.state.view.position, grantID: "g",
                            amounts: [Amount("usd", 1)])))
            case .batch:
                try stage(
                    .decisionBatch(DecisionBatch(incarnation: incarnation, firstSequence: 1, count: 1, digest: .zero)))
            }
            _ = ledger.committed(at: 0)
            return nil
        } catch {
            return (error as? Refusal)?.code
        }
    }

    @Test(arguments: [Message.echo, .reserve, .report, .close, .debt, .batch], Message.allCases)
    private func whoeverNamesItFirstOwnsIt(first: Message, then: Message) throws {
        var ledger = try ledger()
        #expect(send(first, &ledger, by: n1) == nil)
        // Its leases end with the process; what the log says does not.
        let stolen = send(then, &ledger, by: n2)
        #expect(stolen == .notPermitted)
        let own = send(then, &ledger, by: n1)
        #expect(own != .notPermitted || then == .ack && first != .echo, "\(String(describing: own))")
    }

    @Test(arguments: [Message.reserve, .report, .close, .debt, .batch], Message.allCases)
    private func theOwnerOutlivesTheLedgersProcess(first: Message, then: Message) throws {
        var ledger = try ledger()
        #expect(send(first, &ledger, by: n1) == nil)
        var next = PenstockCore.Ledger(ledger.state)
        next.start(epoch: 8, restored: false, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        let stolen = send(then, &next, by: n2)
        #expect(stolen == .notPermitted)
    }

    @Test(arguments: Message.allCases) private func nobodyNamesTheUnknownIncarnation(message: Message) throws {
        var ledger = try ledger()
        let refused = send(message, &ledger, by: n1, 0)
        _ = refused
        #expect(throws: Refusal.self) { try ledger.admit(.unknown, from: n1) }
    }

    @Test func anOperatorMayNameAnyToCloseIt() throws {
        var ledger = try ledger()
        #expect(send(.reserve, &ledger, by: n1) == nil)
        #expect(throws: Never.self) { try ledger.admit(Make.incarnation(1), from: op) }
        #expect(ledger.state.owners.node(of: Make.incarnation(1)) == "n1")
    }

    /// A debt told ahead under another's number would swallow the true one.
    @Test func noNodeRecordsTheDebtOfAnothersDecision() throws {
        var ledger = try ledger()
        #expect(send(.reserve, &ledger, by: n1) == nil)
        let debt = Debt(incarnation: Make.incarnation(1), decision: 9, grantID: "g", amounts: [Amount("usd", 8995)])
        #expect(throws: Refusal.self) {
            try ledger.stage(Make.event(Make.id("ahead"), .debtRecorded(debt), by: "n2"), at: 0)
        }
        _ = try ledger.stage(Make.event(Make.id("true"), .debtRecorded(debt), by: "n1"), at: 0)
        _ = ledger.committed(at: 0)
        #expect(ledger.state.book.entries[.grant("g", unit: "usd")]?.settled == 8995)
        #expect(throws: Refusal(.exists, "the debt of this decision was recorded before")) {
            try ledger.stage(Make.event(Make.id("again"), .debtRecorded(debt), by: "n1"), at: 0)
        }
    }

    @Test func theOldestOfANodeAreForgottenUnlessSomethingOfThemIsOpen() throws {
        var ledger = try ledger()
        let (slices, debts, batches) = (UInt64(1), UInt64(2), UInt64(3))
        #expect(send(.reserve, &ledger, by: n1, slices) == nil)
        #expect(send(.debt, &ledger, by: n1, debts) == nil)
        #expect(send(.batch, &ledger, by: n2, 4) == nil)
        for number in batches...UInt64(2 * Limits.ownedPerNode + 1) where number != 4 {
            #expect(send(.batch, &ledger, by: n1, number) == nil)
        }
        let owners = ledger.state.owners
        #expect([slices, debts].map { owners.node(of: Make.incarnation($0)) } == ["n1", "n1"])
        let before = owners.count
        #expect(before <= 2 * Limits.ownedPerNode + 1)
        for number in 0..<UInt64(4) { #expect(send(.batch, &ledger, by: n1, 5000 + number) == nil) }
        #expect(ledger.state.owners.node(of: Make.incarnation(batches)) == nil)
        #expect([slices, debts].map { ledger.state.owners.node(of: Make.incarnation($0)) } == ["n1", "n1"])
        #expect(ledger.state.owners.node(of: Make.incarnation(4)) == "n2", "each node has its own")
        #expect(ledger.state.owners.node(of: Make.incarnation(5003)) == "n1")
    }
}
