internal import Testing

@testable internal import PenstockCore

/// Whatever ends a hold says by itself whose call it was, what it was for, and what it came to.
@Suite struct HoldEndTests {
    private let journal = TestJournal()

    private func node() throws -> DecidingNode {
        let node = try DecidingNode([
            Make.grant("other"), Make.grant("g") { $0.budgets = [Amount("usd", 1000), Amount("tokens", 1000)] },
        ])
        for unit in ["usd", "tokens"] { node.fund(unit, 100, grant: 1) }
        journal.now = node.now
        return node
    }

    private func call(_ amounts: [Amount], _ change: (inout Call) -> Void = { _ in }) -> Call {
        Make.call {
            ($0.amounts, $0.holds, $0.callID, $0.door) = (CallAmounts(amounts)!, true, "call 1", .mcp)
            $0.traceID = Incarnation(high: 3, low: 4)
            change(&$0)
        }
    }

    /// Decides, lets `end` end it, and returns what was recorded after the decision.
    private func ended(_ call: Call, _ end: (inout DecidingNode, UInt64) -> Void) throws -> [DecisionRecord] {
        var node = try node()
        let verdict = node.enforcement.decide(call, arrivedAt: nil, journal: journal)
        try #require(verdict.isAllow)
        let count = journal.records.count
        end(&node, verdict.sequence)
        return Array(journal.records.dropFirst(count))
    }

    private func expectSubject(_ record: DecisionRecord, _ call: Call) {
        #expect(record.decision == 1)
        #expect(record.grant == journal.records[0].grant && record.grant > 0)
        #expect(
            [record.action, record.resourceType, record.resourceID] == [
                call.action, call.resourceType, call.resourceID,
            ])
        #expect((record.callID, record.traceID, record.door) == (call.callID, call.traceID, call.door))
    }

    private typealias End = (inout DecidingNode, UInt64, TestJournal) -> Void

    @Test func everyEndNamesTheCall() throws {
        let ends: [(DecisionRecord.Kind, End)] = [
            (.settled, { _ = $0.enforcement.settle($1, actual: CallAmounts([Amount("usd", 4)])!, journal: $2) }),
            (.released, { _ = $0.enforcement.release($1, journal: $2) }),
            (
                .settled,
                { node, _, journal in
                    _ = node.enforcement.endOverdue(at: node.now + 2 * Limits.holdTime, journal: journal)
                }
            ),
        ]
        for (kind, end) in ends {
            let test = HoldEndTests()
            let call = call([Amount("usd", 9)])
            let records = try test.ended(call) { end(&$0, $1, test.journal) }
            #expect(records.map(\.kind) == [kind])
            for record in records { test.expectSubject(record, call) }
        }
    }

    @Test func debtNamesTheCallAndTheSettlementItsWholeCost() throws {
        let call = call([Amount("usd", 9)])
        let records = try ended(call) {
            _ = $0.enforcement.settle($1, actual: CallAmounts([Amount("usd", 12)])!, journal: journal)
        }
        #expect(records.map(\.kind) == [.settled, .owed])
        #expect(records.map(\.amounts) == [[Amount("usd", 12)], [Amount("usd", 3)]])
        for record in records { expectSubject(record, call) }
    }

    @Test(
        arguments: [
            ([Amount("usd", 4)], [Amount("usd", 4), Amount("tokens", 6), Amount("calls", 1)]),
            ([Amount("calls", 1), Amount("tokens", 0)], [Amount("calls", 1), Amount("tokens", 0), Amount("usd", 9)]),
            ([], [Amount("usd", 9), Amount("tokens", 6), Amount("calls", 1)]),
        ] as [([Amount], [Amount])])
    func whatIsNotToldCostsWhatWasHeld(told: [Amount], cost: [Amount]) throws {
        let records = try ended(call([Amount("usd", 9), Amount("tokens", 6), Amount("calls", 1)])) {
            _ = $0.enforcement.settle($1, actual: CallAmounts(told)!, journal: journal)
        }
        #expect(records.map(\.amounts) == [cost])
    }

    /// Where calls are metered, each is one, whatever was declared or told.
    @Test(
        arguments: [
            ([], [], [("calls", 1)]), ([], [Amount("calls", 0)], [("calls", 1)]),
            ([Amount("calls", 3)], [Amount("calls", 2)], [("calls", 2)]),
            ([Amount("calls", 0)], [], [("calls", 1)]),
            ([Amount("usd", 9)], [Amount("usd", 4)], [("usd", 4), ("calls", 1)]),
        ] as [([Amount], [Amount], [(String, Int64)])])
    func callsThatAreMeteredAreInTheCost(held: [Amount], told: [Amount], cost: [(String, Int64)]) throws {
        let node = try DecidingNode([
            Make.grant("other"), Make.grant("g") { $0.budgets = [Amount("usd", 1000), Amount("calls", 1000)] },
        ])
        for unit in ["usd", "calls"] { node.fund(unit, 100, grant: 1) }
        journal.now = node.now
        let verdict = node.enforcement.decide(call(held), arrivedAt: nil, journal: journal)
        try #require(verdict.isAllow)
        _ = node.enforcement.settle(verdict.sequence, actual: CallAmounts(told)!, journal: journal)
        let record = try #require(journal.records.last)
        #expect(record.kind == .settled)
        #expect(record.amounts == cost.map { Amount($0.0, $0.1) })
        #expect(node.available("calls", grant: 1) == 100 - record.amounts.first { $0.unit == "calls" }!.value)
    }

    @Test func releaseCostsNothingAndOverdueCostsAll() throws {
        let held = [Amount("usd", 9), Amount("tokens", 6)]
        #expect(try ended(call(held)) { _ = $0.enforcement.release($1, journal: journal) }.map(\.amounts) == [[]])
        let overdue = HoldEndTests()
        let records = try overdue.ended(call(held)) { node, _ in
            _ = node.enforcement.endOverdue(at: node.now + 2 * Limits.holdTime, journal: overdue.journal)
        }
        #expect(records.map(\.amounts) == [held])
        #expect(records.map(\.reason) == [.expired])
    }

    /// The lease runs out while the allow is recorded.
    @Test(arguments: [false, true]) func voidNamesTheCallAndTakesBackWhatWasSpent(holds: Bool) throws {
        let node = try node()
        let call = call([Amount("usd", 9)]) { $0.holds = holds }
        journal.advance = 2 * .nanosecondsPerSecond
        let verdict = node.enforcement.decide(call, arrivedAt: nil, journal: journal)
        #expect(verdict.reason == .staleView)
        let record = try #require(journal.records.last)
        #expect((record.kind, record.reason) == (.voided, .staleView))
        #expect(record.amounts == (holds ? [] : [Amount("usd", 9)]))
        expectSubject(record, call)
    }

    @Test func textsThatAHoldKeepsAreAsLongAsARecords() throws {
        let long = String(repeating: "é", count: 40_000)
        let call = call([]) { ($0.resourceType, $0.resourceID) = ("invoice", long) }
        let held = HeldCall(call)
        #expect(held.resourceID.utf8.count == DecisionRecord.textBytes)
        #expect(held.resourceType == "invoice")
    }
}
