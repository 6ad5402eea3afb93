internal import PenstockCore
internal import Testing

/// What leaves a purse: reports and closes, never more of them at once than an event may carry.
@Suite struct PurseReportTests {
    private func node(_ grants: Int, slices: Int) throws -> DecidingNode {
        var node = try DecidingNode((0..<grants).map { number in
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
            if holds { node.enforcement.beginHold(verdict, [], decision: UInt64(grant), name: nil, content: .zero) }
        }
    }

    @Test func reportSaysWhatIsSpentForGoodAndOnlyOnceUntilItGrows() throws {
        var node = try node(1, slices: 1)
        spend(&node, 1)
        spend(&node, 1, holds: true)
        let first = node.enforcement.unreported(from: 0, scan: 10, limit: 10)
        let second = node.enforcement.unreported(from: 0, scan: 10, limit: 10)
        _ = node.enforcement.settle(0, actual: [])
        let third = node.enforcement.unreported(from: 0, scan: 10, limit: 10)
        #expect([first, second, third].map { $0.uses.map(\.used) } == [[1], [], [2]])
        #expect(first.next == 1)
    }

    @Test func scanGoesOnWhereItLeftOff() throws {
        var node = try node(5, slices: 1)
        spend(&node, 1)
        let first = node.enforcement.unreported(from: 0, scan: 3, limit: 10)
        let second = node.enforcement.unreported(from: first.next, scan: 3, limit: 10)
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
            let (uses, next) = node.enforcement.unreported(from: start, scan: 100, limit: 4)
            #expect(uses.count <= 4)
            reported += uses
            start = next
            turns += 1
        }
        #expect(Set(reported.map(\.slice)).count == 15)
        #expect(reported.count == 15)
    }

    @Test func closeOfRevokedNeverExceedsAnEventAndLeavesNothingOut() throws {
        var node = try node(400, slices: 3)
        try node.add(Make.revoke(.run("run")))
        var closed: [SliceReport.Use] = []
        var start = 0
        var turns = 0
        while start < node.enforcement.purse.count, turns < 20 {
            let (uses, next) = node.enforcement.closeRevoked(from: start, scan: 4096)
            #expect(uses.count <= Limits.usesPerReport)
            closed += uses
            start = next
            turns += 1
        }
        #expect(Set(closed.map(\.slice)).count == 1200)
    }

    @Test func onlyRevokedGrantsAreClosed() throws {
        var node = try node(3, slices: 1)
        try node.add(Make.revoke(.grant("1")))
        try node.add(Make.revoke(.grant("2"), .suspend))
        let (uses, next) = node.enforcement.closeRevoked(from: 0, scan: 10)
        #expect(uses.map(\.slice) == [1002])
        #expect(next == 3)
        #expect([0, 1, 2].map { node.available("usd", grant: $0) } == [2, 0, 2])
    }
}
