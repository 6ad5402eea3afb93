internal import PenstockCore
internal import Testing

/// What an incarnation owed when it ended, its successor tells from the journal, until the ledger has it.
@Suite struct FollowerDebtTests {
    @Test func aSuccessorTellsWhatItsPredecessorOwed() throws {
        let view = try View(grants: [Make.grant("g") { $0.budgets = [Amount("usd", 10)] }])
        var record = DecisionRecord(kind: .owed)
        (record.decision, record.grant, record.amounts) = (7, view.grants[0].position, [Amount("usd", 3)])
        var predecessors = Predecessors()
        predecessors.add(Make.incarnation(2), proven: true)
        predecessors.add(owed: record, by: Make.incarnation(2))
        var follower = Follower(mesh: "mesh", seen: 0, heard: 0, predecessors: predecessors)
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(3), audiences: [])
        func debts(at now: Instant) -> [Debt] {
            follower.tick(&enforcement, awaited: [], echoWanted: false, at: now) { 1 }.compactMap { if case .owe(let debt) = $0 { debt } else { nil } }
        }
        _ = debts(at: 0)
        follower.loaded(view, head: view.position, into: &enforcement, at: 0)
        let owed = Debt(incarnation: Make.incarnation(2), decision: 7, grantID: "g", amounts: [Amount("usd", 3)])
        #expect(debts(at: Make.milliseconds(1)) == [owed])
        #expect(debts(at: Make.milliseconds(200)) == [owed], "again, until the ledger has it")
        for refusal in [Refusal(.full, "", retryAfterMS: 1000), Refusal(.halted, "")] { follower.refused(.owe(owed), refusal, &enforcement, at: 0) }
        #expect(debts(at: Make.milliseconds(300)) == [owed], "the ledger has not judged it")
        follower.taken(.owe(owed), &enforcement)
        #expect(debts(at: Make.milliseconds(400)) == [])
    }
}
