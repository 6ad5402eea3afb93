internal import PenstockCore
internal import Testing

/// Holds: settled, released, cancelled, and named by call ids.
@Suite struct CallTableTests {
    private func node(_ slices: Int64...) throws -> DecidingNode {
        let node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 1000), Amount("tokens", 1000)] }])
        for amount in slices { node.fund("usd", amount) }
        return node
    }

    @Test func settlingChargesTheActualAndReturnsTheRest() throws {
        let node = try node(10, 10)
        _ = node.hold([Amount("usd", 15)], as: 1)
        #expect(node.enforcement.debits.map(\.amount) == [10, 5])
        #expect(node.slices("usd") == [[10, 10], [5, 5]])
        let ended = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 12)])!)
        let settlement = try #require(ended)
        #expect(settlement.end.returned.map(\.amount) == [3])
        #expect(node.slices("usd") == [[10, 0], [2, 0]])
        #expect(node.available("usd") == 8)
    }

    @Test func settlingForNothingReturnsEverySlicesPart() throws {
        let node = try node(10, 10)
        _ = node.hold([Amount("usd", 15)], as: 1)
        let ended = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 0)])!)
        let settlement = try #require(ended)
        #expect(settlement.end.returned == node.enforcement.debits)
        #expect(node.available("usd") == 20)
    }

    @Test(
        arguments: [
            ([Amount("files", 1)], "files"), ([Amount("usd", 5), Amount("files", 0)], "files"),
            ([Amount("usd", 5)], nil),
            ([Amount("usd", 4), Amount("tokens", 1)], nil), ([Amount("calls", 2)], nil),
            ([Amount("usd", 4), Amount("calls", 1), Amount("tokens", 0)], nil), ([], nil),
        ] as [([Amount], String?)])
    func whatNothingCanBeChargedToIsNamed(actual: [Amount], unit: String?) throws {
        let node = try node(10)
        // Calls are counted, whether or not the grant has a budget of them.
        _ = node.hold([Amount("usd", 4), Amount("calls", 1)], as: 1)
        let (known, unknown) = (
            node.enforcement.uncharged(1, actual: CallAmounts(actual)!),
            node.enforcement.uncharged(2, actual: CallAmounts(actual)!)
        )
        #expect(known == unit)
        #expect(unknown == nil)
    }

    @Test func settlingNeverTakesMoreThanWasHeld() throws {
        let node = try node(10)
        _ = node.hold([Amount("usd", 4)], as: 1)
        let ended = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 9)])!)
        #expect(ended?.end.returned == [])
        #expect(ended?.owed == [Amount("usd", 5)])
        #expect(node.slices("usd") == [[4, 0]])
    }

    /// It was spent, so it is never clipped; what no budget knows is owed to none.
    @Test func whatAMeteredUnitCostAboveItsHoldIsOwed() throws {
        let node = try node(10)
        _ = node.hold([Amount("usd", 4), Amount("calls", 1)], as: 1)
        let ended = node.enforcement.settle(
            1, actual: CallAmounts([Amount("usd", 3), Amount("tokens", 2), Amount("calls", 5)])!)
        let settlement = try #require(ended)
        #expect(settlement.end.returned.map(\.amount) == [1])
        #expect(settlement.owed == [Amount("tokens", 2)])
        #expect(node.enforcement.calls.end(of: 1) == .settled)
    }

    @Test func unitThatIsNotNamedIsChargedInFull() throws {
        let node = try node(10)
        node.fund("tokens", 10)
        _ = node.hold([Amount("usd", 4), Amount("tokens", 6)], as: 1)
        let ended = node.enforcement.settle(1, actual: CallAmounts([Amount("tokens", 1)])!)
        let settlement = try #require(ended)
        #expect(settlement.end.returned.map(\.amount) == [5])
        #expect([node.available("usd"), node.available("tokens")] == [6, 9])
    }

    @Test func holdEndsOnce() throws {
        let node = try node(10)
        _ = node.hold([Amount("usd", 4)], as: 1)
        _ = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 1)])!)
        let again = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 0)])!)
        let released = node.enforcement.release(1)
        let unknown = node.enforcement.settle(2, actual: CallAmounts([])!)
        #expect(again == nil)
        #expect(released == nil)
        #expect(unknown == nil)
        #expect(node.available("usd") == 9)
    }

    @Test func releaseGivesEverythingBack() throws {
        let node = try node(10, 10)
        _ = node.hold([Amount("usd", 15)], as: 1)
        let end = node.enforcement.release(1)
        #expect(end?.returned == node.enforcement.debits)
        #expect(node.available("usd") == 20)
        #expect(node.enforcement.calls.holdCount == 0)
        #expect(node.enforcement.calls.end(of: 1) == .released)
    }

    @Test func settlingAfterTheSlicesClosedChangesNothing() throws {
        let node = try node(10)
        _ = node.hold([Amount("usd", 4)], as: 1)
        _ = node.hold([Amount("usd", 2)], as: 2)
        node.enforcement.closeAll()
        #expect(node.enforcement.purse.unclosed(limit: 10).map(\.used) == [6])
        node.fund("usd", 5)
        _ = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 0)])!)
        _ = node.enforcement.release(2)
        #expect(node.available("usd") == 5)
        #expect(node.slices("usd") == [[0, 0]])
    }

    @Test func holdUnderARevokedGrantIsCancelledOnce() throws {
        let node = try node(10)
        for number in [UInt64(3), 1, 2] { _ = node.hold([Amount("usd", 1)], as: number) }
        try node.add(Make.revoke(.all, .throttle(calls: 9, windowMS: 9)))
        let none = node.enforcement.cancelRestricted()
        #expect(none.isEmpty)
        try node.add(Make.revoke(.all, .suspend))
        _ = node.enforcement.release(3)
        let suspended = node.enforcement.cancelRestricted()
        #expect(suspended.map(\.decision) == [1, 2])
        #expect(suspended.map(\.reason) == [.suspended, .suspended])
        let credential = node.enforcement.view.grants[0].credential
        #expect(credential != .zero && suspended.map(\.credential) == [credential, credential])
        try node.add(Make.revoke(.node("n1")))
        let again = node.enforcement.cancelRestricted()
        #expect(again.isEmpty)
        // It is still to be settled: what it spent counts.
        let settlement = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 1)])!)
        #expect(settlement != nil)
    }

    @Test(arguments: [Selector.node("n1"), .run("run-g")]) func revokeIsTheReasonWhereBothStand(selector: Selector)
        throws
    {
        let node = try node(10)
        _ = node.hold([Amount("usd", 1)], as: 1)
        try node.add(Make.revoke(.all, .suspend))
        try node.add(Make.revoke(selector))
        let cancelled = node.enforcement.cancelRestricted()
        #expect(cancelled.map(\.reason) == [.revoked])
    }

    @Test func aGrantHasItsShareOfHolds() throws {
        let node = try DecidingNode(["g", "h"].map { Make.grant($0) { $0.budgets = [Amount("usd", 1_000_000)] } })
        for grant in 0..<2 { node.fund("usd", 1_000_000, grant: grant) }
        for number in 1...UInt64(Limits.openHoldsPerGrant) {
            #expect(node.hold([Amount("usd", 1)], as: number).isAllow)
        }
        #expect(node.hold([Amount("usd", 1)], as: 9999).reason == .busy)
        #expect(
            node.reason(Make.call { $0.amounts = CallAmounts([Amount("usd", 1)])! }) == .none, "one that holds nothing")
        #expect(node.reason(Make.call("h") { $0.holds = true }) == .none)
        _ = node.enforcement.release(500)
        #expect(node.hold([Amount("usd", 1)], as: 10_000).isAllow)
        #expect(node.hold([Amount("usd", 1)], as: 10_001).reason == .busy)
    }

    @Test func theNodeHasRoomForSoManyHolds() {
        var table = CallTable()
        for number in 0..<Limits.openHolds {
            let hold = CallTable.Hold(
                decision: UInt64(number) + 1, grant: Int32(number % 100 + 1), debits: [], amounts: CallAmounts(),
                calls: 0, call: HeldCall(), usableUntil: 0)
            table.add(hold, name: nil, content: .zero)
        }
        #expect(!table.hasRoom(grant: 0))
        for number in stride(from: Limits.openHolds, to: 0, by: -7) {
            #expect(table.end(UInt64(number), .released) != nil)
        }
        #expect(table.hasRoom(grant: 0))
        let all = table.holdingGrants.sorted().flatMap { table.cancel(grant: $0) }
        #expect(all.count == table.holdCount)
        #expect(Set(all).count == all.count)
    }

    @Test func aHoldThatIsOpenForTooLongIsChargedInFull() throws {
        let node = try node(10)
        let verdict = node.hold([Amount("usd", 4)], as: 1)
        node.now += 1000
        node.renew()
        _ = node.hold([Amount("usd", 3)], as: 2)
        let (journal, end) = (TestJournal(), verdict.usableUntil + Limits.holdTime)
        var ended = node.enforcement.endOverdue(at: end - 1, journal: journal)
        #expect(ended == 0)
        ended = node.enforcement.endOverdue(at: end, journal: journal)
        #expect(ended == 1)
        #expect(node.enforcement.calls.end(of: 1) == .overdue)
        #expect(node.slices("usd") == [[7, 3]])
        let record = try #require(journal.records.first)
        #expect(journal.records.count == 1)
        #expect((record.kind, record.decision, record.reason) == (.settled, 1, .expired))
        #expect(record.amounts == [Amount("usd", 4)])
        let late = node.enforcement.settle(1, actual: CallAmounts([Amount("usd", 1)])!)
        #expect(late == nil)
        #expect(node.enforcement.calls.holdCount == 1)
    }

    @Test func holdsThatAreOpenForTooLongAreEndedSomeAtATime() throws {
        let node = try node(1000)
        for number in 1...UInt64(Limits.holdsEndedPerTurn) + 5 { _ = node.hold([Amount("usd", 1)], as: number) }
        let counts = (0..<3).map { _ in node.enforcement.endOverdue(at: .max / 2, journal: TestJournal()) }
        #expect(counts == [Limits.holdsEndedPerTurn, 5, 0])
        #expect(node.available("usd") == 1000 - Int64(Limits.holdsEndedPerTurn) - 5)
    }

    @Test func aCallIDThatIsTooLongIsRefused() throws {
        let node = try node(10)
        let reasons = [Limits.idBytes, Limits.idBytes + 1].map { bytes in
            node.enforcement.decide(
                Make.call { $0.callID = String(repeating: "i", count: bytes) }, arrivedAt: node.now,
                journal: TestJournal()
            ).reason
        }
        #expect(reasons == [.none, .malformed])
    }

}
