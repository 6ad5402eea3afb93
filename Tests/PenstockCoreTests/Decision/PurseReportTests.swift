internal import PenstockCore
internal import Testing

/// What leaves a purse: reports and closes, never more of them at once than an event may carry.
@Suite struct PurseReportTests {
    private func node(_ grants: Int, slices: Int) throws -> DecidingNode {
        let node = try DecidingNode(
            (0..<grants).map { number in
                Make.grant("\(number)") { ($0.budgets, $0.runID) = ([Amount("usd", 1000)], "run") }
            })
        for grant in 0..<grants {
            for _ in 0..<slices { node.fund("usd", 2, grant: grant) }
        }
        return node
    }

    private func spend(_ node: inout DecidingNode, _ amount: Int64, holds: Bool = false) {
        for grant in 0..<node.enforcement.purse.count {
            let call = Make.call("\(grant)") { ($0.amounts, $0.holds) = (CallAmounts([Amount("usd", amount)])!, holds) }
            let verdict = node.decide(call)
            precondition(verdict.isAllow)
            if holds {
                node.enforcement.beginHold(verdict, Make.call(), decision: UInt64(grant), name: nil, content: .zero)
            }
        }
    }

    private func unreported(_ node: DecidingNode, from start: Int = 0, scan: Int = 10, limit: Int = 10) -> (
        uses: [SliceReport.Use], next: Int
    ) {
        let (uses, next) = node.enforcement.purse.unreported(from: start, scan: scan, limit: limit)
        return (uses.sorted { $0.key < $1.key }.flatMap(\.value), next)
    }

    @Test func reportSaysWhatIsSpentForGoodUntilItIsTakenAndWhenItGrows() throws {
        var node = try node(1, slices: 1)
        spend(&node, 1)
        spend(&node, 1, holds: true)
        let first = unreported(node)
        let refused = unreported(node)
        node.enforcement.reported([0: first.uses])
        let taken = unreported(node)
        _ = node.enforcement.settle(0, actual: CallAmounts())
        let grown = unreported(node)
        #expect([first, refused, taken, grown].map { $0.uses.map(\.used) } == [[1], [1], [], [2]])
        #expect(first.next == 1)
    }

    @Test func sliceIsKeptAndCarriedUntilTheLedgerHasItsLastReport() throws {
        var node = try node(1, slices: 1)
        spend(&node, 2)
        _ = unreported(node)
        // A new slice makes room by letting go of what is spent and told, and of nothing else.
        node.fund("usd", 2, grant: 0)
        func carried() -> [SliceReport.Use] {
            var place = Enforcement.CarryPlace()
            return node.enforcement.carried(from: &place)?.debits ?? []
        }
        #expect(carried().map(\.used) == [2, 0])
        node.enforcement.reported([0: [.init(slice: 1001, used: 2)]])
        node.fund("usd", 2, grant: 0)
        #expect(carried().map(\.used) == [0, 0])
    }

    @Test func whatWasGivenUpIsCarriedUntilTheLedgerHasIt() throws {
        var node = try node(1, slices: 1)
        spend(&node, 1)
        node.enforcement.closeAll()
        var place = Enforcement.CarryPlace()
        #expect(node.enforcement.carried(from: &place)?.debits.map(\.used) == [1])
        #expect(node.enforcement.carried(from: &place) == nil)
        var follower = Make.follower()
        for (incarnation, left) in [(Make.incarnation(2), true), (Make.incarnation(1), false)] {
            follower.taken(
                .close([.init(slice: 1001, used: 1)], of: incarnation, reason: "", bySuccessor: false),
                &node.enforcement)
            #expect(node.enforcement.purse.hasUnclosed == left)
        }
        place = .init()
        #expect(node.enforcement.carried(from: &place) == nil)
    }

    @Test func scanGoesOnWhereItLeftOff() throws {
        var node = try node(5, slices: 1)
        spend(&node, 1)
        let first = unreported(node, scan: 3)
        let second = unreported(node, from: first.next, scan: 3)
        #expect([first.uses.count, second.uses.count] == [3, 2])
        #expect([first.next, second.next] == [3, 5])
    }

    @Test func reportNeverExceedsItsLimitAndLeavesNothingOut() throws {
        var node = try node(5, slices: 3)
        spend(&node, 6)
        var reported: [SliceReport.Use] = []
        var start = 0
        var turns = 0
        while start < node.enforcement.purse.count, turns < 20 {
            let (uses, next) = node.enforcement.purse.unreported(from: start, scan: 100, limit: 4)
            #expect(uses.values.joined().count <= 4)
            node.enforcement.reported(uses)
            reported += uses.values.joined()
            start = next
            turns += 1
        }
        #expect(Set(reported.map(\.slice)).count == 15)
        #expect(reported.count == 15)
    }

    @Test func whatIsGivenBackOfRevokedNeverExceedsAnEventAndLeavesNothingOut() throws {
        let node = try node(400, slices: 3)
        try node.add(Make.revoke(.run("run")))
        #expect(node.enforcement.closeRevoked(from: 0, scan: 4096) == 400)
        var told: [SliceReport.Use] = []
        while node.enforcement.purse.hasReturns, told.count < 2000 {
            let (uses, _) = node.enforcement.purse.unreported(from: 0, scan: 0, limit: Limits.usesPerReport)
            #expect(uses.values.joined().count <= Limits.usesPerReport)
            node.enforcement.reported(uses)
            told += uses.values.joined()
        }
        #expect(Set(told.map(\.slice)).count == 1200)
        #expect(told.count == 1200)
        #expect(told.allSatisfy { $0.returned == 2 && $0.used == 0 })
    }

    @Test func onlyRevokedGrantsGiveBack() throws {
        let node = try node(3, slices: 1)
        try node.add(Make.revoke(.grant("1")))
        try node.add(Make.revoke(.grant("2"), .suspend))
        let next = node.enforcement.closeRevoked(from: 0, scan: 10)
        #expect(unreported(node).uses == [.init(slice: 1002, used: 0, returned: 2)])
        #expect(!node.enforcement.purse.hasUnclosed)
        #expect(next == 3)
        #expect([0, 1, 2].map { node.available("usd", grant: $0) } == [2, 0, 2])
    }

    @Test func callUnderWayOfARevokedGrantKeepsItsHoldAndItsRestFollows() throws {
        var node = try node(1, slices: 1)
        spend(&node, 1, holds: true)
        try node.add(Make.revoke(.run("run")))
        _ = node.enforcement.closeRevoked(from: 0, scan: 10)
        let first = unreported(node).uses
        #expect(first == [.init(slice: 1001, used: 0, returned: 1, held: 1)])
        node.enforcement.reported([0: first])
        #expect(!node.enforcement.purse.hasReturns)
        _ = node.enforcement.settle(0, actual: CallAmounts([Amount("usd", 0)])!)
        let second = unreported(node).uses
        #expect(second == [.init(slice: 1001, used: 0, returned: 2)])
        node.enforcement.reported([0: second])
        #expect(node.slices("usd").isEmpty)
    }
}
