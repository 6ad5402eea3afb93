internal import PenstockCore
internal import Testing

/// Requests of several units at once, and the windows that they are drawn in.
@Suite struct LedgerUnitsTests {
    private let n1 = Make.node("n1", .enforcer)

    /// Grant g draws 100 usd and 100 tokens, and usd also from "day", which begins anew every second.
    private func ledger(window: BudgetWindow = .none) throws -> PenstockCore.Ledger {
        var state = LedgerState()
        let grant = Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 100), Amount("tokens", 100)], ["day"]) }
        let day = Budget(name: "day", unit: "usd", ceiling: 50, window: window)
        let events: [(EventKind, String)] = [
            (.genesis(Make.members, .standard), "ledger"), (.budgetCreated(day), "op"), (.grantIssued(grant), "issuer"),
        ]
        for (number, event) in events.enumerated() {
            let position = Position(number) + 1
            try state.apply(Make.event(Make.id("event \(position)"), event.0, by: event.1), at: position)
        }
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, at: 0)
        try ledger.register(
            .init(incarnation: Make.incarnation(1), applied: 0, heard: 0), from: n1, agrees: true, at: 0)
        return ledger
    }

    private func request(_ parts: [(String, Int64)], id: UInt64 = 9) -> SliceRequest {
        SliceRequest(
            incarnation: Make.incarnation(1), requestID: Make.incarnation(id), grantID: "g",
            parts: parts.map { .init(unit: $0.0, need: $0.1, want: $0.1) })
    }

    private func stage(_ kinds: [EventKind], _ ledger: inout PenstockCore.Ledger) throws {
        for kind in kinds {
            _ = try ledger.stage(
                own: Make.event(Make.id("event \(ledger.next.view.position + 1)"), kind, by: "ledger"))
        }
    }

    @Test func twoUnitsAreAnsweredTogetherAndRepeatedTheSame() throws {
        var ledger = try ledger()
        let first = try #require(try ledger.reserve(request([("usd", 10), ("tokens", 5)]), from: n1, at: 0))
        #expect(first.slices.map(\.unit) == ["usd", "tokens"])
        #expect(first.slices.map(\.amount) == [10, 5])
        try stage(first.slices.map { .sliceReserved($0) }, &ledger)
        let again = try #require(try ledger.reserve(request([("usd", 10), ("tokens", 5)]), from: n1, at: 0))
        #expect(again.slices == first.slices)
        #expect(again.positions == [4, 5])
        #expect(throws: Refusal.self) {
            try ledger.reserve(request([("usd", 10)]), from: Make.node("n2", .enforcer), at: 0)
        }
    }

    @Test func unitThatIsExhaustedDoesNotKeepTheOtherBack() throws {
        var ledger = try ledger()
        let answer = try #require(try ledger.reserve(request([("usd", 51), ("tokens", 5)]), from: n1, at: 0))
        #expect(answer.slices.map(\.unit) == ["tokens"])
        #expect(answer.refused.map(\.unit) == ["usd"])
        #expect(answer.refused.map(\.code) == [.budgetExhausted])
    }

    @Test func unitsAreNamedEachOnce() throws {
        var ledger = try ledger()
        for parts in [[], [("usd", Int64(1)), ("usd", 1)]] {
            #expect(throws: Refusal.self) { try ledger.reserve(request(parts), from: n1, at: 0) }
        }
        #expect(throws: Refusal.self) {
            try ledger.reserve(request([("usd", 1)]), from: Make.node("op", .operator), at: 0)
        }
    }

    @Test func windowIsOpenedBeforeASliceIsDrawnInIt() throws {
        var ledger = try ledger(window: .fixed(milliseconds: 1000))
        #expect(throws: Refusal.self) { try ledger.reserve(request([("usd", 1)]), from: n1, at: 0) }
        func due(_ wall: WallTime, _ unit: String = "usd") -> [EventKind] {
            ledger.windowsDue(for: request([(unit, 1)]), calendar: { _, _, _ in nil }, at: Make.milliseconds(wall))
        }
        #expect(due(2500, "tokens").isEmpty)
        let opening = due(2500)
        #expect(opening == [.windowOpened(WindowOpening(budget: "day", number: 1, start: 2000, end: 3000))])
        try stage(opening, &ledger)
        #expect(due(2999).isEmpty)
        #expect(due(1500).isEmpty, "a clock that was put back opens no window twice")
        let answer = try #require(try ledger.reserve(request([("usd", 1)]), from: n1, at: 0))
        #expect(answer.slices.map(\.endsAt) == [3000])
        #expect(due(3000) == [.windowOpened(WindowOpening(budget: "day", number: 2, start: 3000, end: 4000))])
    }
}
