internal import PenstockCore
internal import PenstockWire
internal import Testing

@Suite struct LedgerStateCodecTests {
    /// A history with something of everything that a ledger keeps beside its view.
    private func history() -> [(EventKind, origin: String)] {
        let (first, second) = (Sample.incarnation(1), Sample.incarnation(2))
        var grant = Sample.grant
        (grant.parent, grant.draws, grant.budgets) = ("", ["team"], [Amount("tokens", 500)])
        func slice(_ request: UInt8, _ amount: Int64, _ incarnation: Incarnation = Sample.incarnation(1)) -> EventKind {
            .sliceReserved(
                Slice(
                    grantID: grant.grantID, unit: "tokens", amount: amount, node: "n1", incarnation: incarnation,
                    requestID: Sample.incarnation(request), endsAt: 90_000))
        }
        func report(_ slice: Position, _ used: Int64, held: Int64 = 0) -> SliceReport {
            SliceReport(
                incarnation: first, uses: [.init(slice: slice, used: used, held: held)], bySuccessor: slice == 9)
        }
        return [
            (
                .genesis([Sample.keys("ledger", .ledger, 1), Sample.keys("n1", .enforcer, 3)], Sample.settings),
                "ledger"
            ),
            (.epochOpened(7, reason: "start"), "ledger"),
            (.budgetCreated(Budget(name: "org", unit: "tokens", ceiling: 9_000)), "op"),
            (
                .budgetCreated(
                    Budget(
                        name: "team", unit: "tokens", ceiling: 700, parent: "org",
                        window: .rolling(milliseconds: 120_000), maxOut: 400, warnAt: [50])), "op"
            ),
            (.grantIssued(grant), "iss"),
            (.windowOpened(WindowOpening(budget: "team", number: 3, start: 10_000, end: 20_000)), "ledger"),
            (slice(11, 100), "ledger"), (slice(12, 80, second), "ledger"), (slice(13, 60), "ledger"),
            (.spendReported(report(7, 40, held: 20)), "n1"),
            (.windowOpened(WindowOpening(budget: "team", number: 4, start: 140_000, end: 150_000)), "ledger"),
            (.sliceClosed(report(9, 10)), "n1"),
            (
                .debtRecorded(
                    Debt(incarnation: second, decision: 5, grantID: grant.grantID, amounts: [Amount("tokens", 900)])),
                "n1"
            ),
            (
                .debtRecorded(
                    Debt(incarnation: second, decision: 6, grantID: grant.grantID, amounts: [Amount("tokens", 3)])),
                "n1"
            ),
            (.debtsAccepted([14], reason: "r"), "op"),
            (.budgetWarned(name: "team", percent: 50, settled: 400), "ledger"),
            (.budgetChanged(BudgetChange(name: "team", parent: "", maxOut: 300), reason: "r"), "op"),
            (.timeAccepted(leapMS: 12, reason: "r"), "op"),
            (.spendReported(report(7, 90)), "n1"), (.budgetCeilingSet(.named("team"), ceiling: 20, reason: "r"), "op"),
            (.budgetClosed("org", reason: "r"), "op"),
        ]
    }

    private func fold(_ state: inout LedgerState, _ events: some Sequence<(EventKind, origin: String)>) throws {
        for (kind, origin) in events {
            let position = state.view.position + 1
            try state.apply(
                Event(
                    id: Sample.digest(UInt8(truncatingIfNeeded: position)), mesh: "acme", origin: origin,
                    createdAt: Int64(position) * 1000,
                    kind: kind), at: position)
        }
    }

    private func state(_ count: Int = .max) throws -> LedgerState {
        var state = LedgerState()
        try fold(&state, history().prefix(count))
        return state
    }

    @Test(arguments: 1...21) func snapshotAndTailEqualTheFold(count: Int) throws {
        var state = try state(count)
        let bytes = LedgerStateCodec.encode(state)
        var decoded = try LedgerStateCodec.decode(bytes)
        #expect(decoded.image == state.image)
        #expect(LedgerStateCodec.encode(decoded) == bytes)
        try fold(&decoded, history().dropFirst(count))
        try fold(&state, history().dropFirst(count))
        #expect(LedgerStateCodec.encode(decoded) == LedgerStateCodec.encode(state))
    }

    @Test func historyHasSomethingOfEverything() throws {
        let image = try state().image
        #expect(!image.retired.isEmpty && !image.warnings.isEmpty && !image.owners.isEmpty && image.epoch > 0)
        #expect(!image.book.open.isEmpty && !image.book.debts.isEmpty && !image.book.requests.isEmpty)
        #expect(image.book.entries.contains { $0.entry.windows.count > 1 && !$0.entry.holders.isEmpty })
        #expect(image.greatestTime > 0 && image.largestBound > 0 && image.book.returns > 0)
    }

    @Test func manyRowsComeBackOverManyPages() throws {
        var state = try state(1)
        try fold(
            &state, (0..<2_500).map { (.budgetCreated(Budget(name: "b\($0)", unit: "calls", ceiling: 5)), "op") })
        let bytes = LedgerStateCodec.encode(state)
        #expect(LedgerStateCodec.encode(try LedgerStateCodec.decode(bytes)) == bytes)
    }

    /// Whatever comes of it, it is a refusal or a state that encodes and folds on.
    @Test func changedAndCutBytesNeverTrap() async throws {
        let bytes = LedgerStateCodec.encode(try state())
        let changes: [UInt8] = [1, 0x80, 0xff]
        for index in bytes.indices {
            #expect(throws: WireError.self) { try LedgerStateCodec.decode(Array(bytes.prefix(index))) }
            // Other tests wait for this one's thread.
            await Task.yield()
            var changed = bytes
            changed[index] ^= changes[index % changes.count]
            guard var state = try? LedgerStateCodec.decode(changed) else { continue }
            _ = LedgerStateCodec.encode(state)
            _ = state.warningsDue()
            guard state.view.position < 1 << 40 else { continue }
            try? fold(&state, [(history()[18].0, "n1")])
        }
    }
}
