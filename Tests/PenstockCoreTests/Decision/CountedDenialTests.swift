internal import Testing

@testable internal import PenstockCore

/// Nobody fills a journal by being denied, and nothing that is denied goes unsaid.
@Suite struct CountedDenialTests {
    private let journal = TestJournal()

    private func decide(_ node: inout DecidingNode, _ call: Call, times: Int = 1) -> [Verdict] {
        journal.now = node.now
        return (0..<times).map { _ in node.enforcement.decide(call, arrivedAt: nil, journal: journal) }
    }

    private func recorded(_ verdicts: [Verdict]) -> Int { verdicts.filter { $0.sequence > 0 }.count }
    private func allowed(_ verdicts: [Verdict]) -> Int { verdicts.filter { $0.isAllow }.count }

    private let stranger = Make.call("nobody") { $0.door = .tcp }
    private let refused = Make.call { $0.action = "mail" }

    @Test func strangersLeaveAFewSamplesAndOneCount() throws {
        var node = try DecidingNode([Make.grant("g")])
        let verdicts = decide(&node, stranger, times: 1000)
        #expect(verdicts.allSatisfy { $0.reason == .unknownCredential })
        #expect(recorded(verdicts) == Limits.samplesWithoutGrant)
        #expect(journal.records.count == Limits.samplesWithoutGrant)
        node.now += Limits.tallySlice
        _ = decide(&node, stranger)
        #expect(journal.records.map(\.kind) == [.decided, .decided, .decided, .decided, .counted, .decided])
        let count = try #require(journal.counted.first)
        #expect(
            (count.door, count.reason, count.grant, count.count, count.lasted) == (
                .tcp, .unknownCredential, 0, 996, Limits.tallySlice
            ))
    }

    @Test func grantsDenialsAreCountedByGrantAndReason() throws {
        var node = try DecidingNode([Make.grant("g"), Make.grant("h")])
        _ = decide(&node, refused, times: 100)
        _ = decide(&node, Make.call("h") { $0.action = "mail" }, times: 17)
        _ = decide(&node, Make.call { $0.resourceType = "file" }, times: 3)
        #expect(journal.denials(.actionNotAllowed) == 2 * Limits.samplesOfGrant)
        #expect(journal.denials(.resourceOutOfBounds) == 3)
        node.enforcement.recordCounts(at: node.now + Limits.tallySlice - 1, journal: journal)
        #expect(journal.counted.isEmpty)
        node.enforcement.recordCounts(at: node.now + Limits.tallySlice, journal: journal)
        #expect(journal.counted.map(\.count) == [84, 1])
        #expect(journal.counted.map(\.grant) == [2, 3])
    }

    @Test func allowsAreAlwaysRecorded() throws {
        var node = try DecidingNode([Make.grant("g")])
        #expect(recorded(decide(&node, Make.call(), times: 500)) == 500)
        #expect(journal.records.count == 500)
    }

    @Test func denialsLeaveTheLastPartOfTheJournal() throws {
        var node = try DecidingNode([Make.grant("g")])
        journal.room = JournalRoom(used: 768, bound: 1024)
        #expect(decide(&node, refused, times: 5).allSatisfy { $0.sequence == 0 && !$0.isUnwritable })
        node.now += Limits.tallySlice
        node.renew()
        _ = decide(&node, refused)
        #expect(journal.records.isEmpty)
        // The count waits for room, and begins where the first denial was.
        journal.room.used = 767
        node.enforcement.recordCounts(at: node.now + Limits.tallySlice, journal: journal)
        #expect(journal.counted.map(\.count) == [6])
        #expect(journal.counted.map(\.lasted) == [2 * Limits.tallySlice])
        #expect(node.enforcement.tally.waiting == 0)
    }

    @Test func journalThatTakesNothingLosesNoCount() throws {
        var node = try DecidingNode([Make.grant("g")])
        journal.takesNothing = true
        #expect(decide(&node, Make.call()).map(\.reason) == [.unrecordable])
        #expect(decide(&node, refused).map(\.isUnwritable) == [true])
        node.now += Limits.tallySlice
        node.enforcement.recordCounts(at: node.now, journal: journal)
        #expect(node.enforcement.tally.waiting == 2)
        journal.takesNothing = false
        node.enforcement.recordLastCounts(at: node.now, journal: journal)
        #expect(journal.counted.map(\.reason) == [.actionNotAllowed, .unrecordable])
    }

    @Test func moreGrantsThanALineEachAreCountedByDoorAndReason() {
        var tally = DenialTally()
        for grant in 1...2 * Position(Limits.talliedGrants) {
            tally.count(.init(door: .tcp, reason: .revoked, grant: grant), at: 0)
        }
        var records: [DecisionRecord] = []
        tally.endSlice(at: 5) {
            records.append($0)
            return true
        }
        #expect(records.count == Limits.talliedGrants + 1)
        #expect(records[0].grant == 0 && records[0].count == UInt64(Limits.talliedGrants))
        #expect(records.reduce(0) { $0 + $1.count } == tally.total)
    }

    @Test func deniedWaiterIsRecordedOrCounted() throws {
        var node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 5)] }])
        let call = Make.call { $0.amounts = CallAmounts([Amount("usd", 5)])! }
        let pending = decide(&node, call)[0]
        #expect(pending.reason == .budgetPending && journal.records.isEmpty)
        for _ in 0..<20 {
            #expect(node.enforcement.deny(call, pending, .budgetExhausted, journal: journal).reason == .budgetExhausted)
        }
        #expect(journal.denials(.budgetExhausted) == Limits.samplesOfGrant)
        #expect(node.enforcement.tally.waiting == 4)
    }

    // MARK: Shares

    @Test func grantHasItsShareOfACrowdedJournalAndOthersGoOn() throws {
        var node = try DecidingNode([Make.grant("g") { $0.budgets = [Amount("usd", 1 << 40)] }, Make.grant("h")])
        node.fund("usd", 1 << 30)
        let greedy = Make.call { $0.amounts = CallAmounts([Amount("usd", 1)])! }
        journal.room = JournalRoom(used: 600_000, bound: 1 << 20)
        let before = node.available("usd")
        let verdicts = decide(&node, greedy, times: 2000)
        let most = allowed(verdicts)
        #expect(most > 50 && most < 2000)
        #expect(verdicts.last?.reason == .busy)
        // A call that is not recorded spends nothing.
        #expect(node.available("usd") == before - Int64(most))
        #expect(allowed(decide(&node, Make.call("h"), times: 100)) == 100)
        // Room again: everybody's.
        journal.room.used = 0
        #expect(decide(&node, greedy)[0].isAllow)
        journal.room.used = 600_000
        #expect(allowed(decide(&node, greedy, times: 2000)) == most)
    }

    /// However many take their share, the next one has room.
    @Test func sharesShrinkAndNeverRunOut() throws {
        let grants = (0..<30).map { Make.grant("g\($0)") }
        var node = try DecidingNode(grants)
        journal.room = JournalRoom(used: 5 << 19, bound: 4 << 20)
        for index in 0..<30 {
            var taken = 0
            while decide(&node, Make.call("g\(index)"))[0].isAllow {
                taken += 1
                journal.room.used += 200
            }
            #expect(taken > 20, "grant \(index)")
        }
        #expect(journal.room.used < journal.room.bound)
    }

    @Test func endsOfHoldsAreNeverRefused() throws {
        var node = try DecidingNode([Make.grant("g")])
        let held = decide(&node, Make.call { $0.holds = true }, times: 50)
        journal.room = JournalRoom(used: (1 << 20) - 100, bound: 1 << 20)
        #expect(decide(&node, Make.call())[0].reason == .busy)
        for verdict in held {
            #expect(node.enforcement.settle(verdict.sequence, actual: CallAmounts(), journal: journal) ?? 0 > 0)
        }
    }
}
