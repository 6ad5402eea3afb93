internal import PenstockCore
internal import Testing

/// When a node cosigns, and when its records leave the journal.
@Suite struct NodeEvidenceTests {
    private let grants = [Make.grant("g") { $0.budgets = [Amount("usd", 100)] }]

    // MARK: Checkpoints

    @Test func aCheckpointIsOpenedWhenAcknowledgementsHaveGone() throws {
        let node = try NodeTurnShell(serving: grants)
        node.take(.publishedCheckpoint(note: "checkpoint"))
        #expect(node.perform() == [])
        #expect(!node.pass(40).contains("open checkpoint checkpoint"))
        #expect(node.pass(1).contains("open checkpoint checkpoint"))
    }

    @Test func aCheckpointIsCosignedUntilTheLedgerHasIt() throws {
        let node = try NodeTurnShell(serving: grants)
        node.log(Make.revoke(.grant("g")))
        let position = node.position
        _ = node.perform()
        node.take(.checkpoint(origin: "mesh", size: position, root: Make.id("root \(position)")))
        #expect(node.perform() == ["cosign \(position)"])
        #expect(node.pass(1_001).contains("cosign \(position)"))
        node.take(.reply(.cosigned, id: node.ids["cosign \(position)"]!))
        #expect(!node.pass(1_001).contains { $0.hasPrefix("cosign") || $0.hasPrefix("checkpoint") })
    }

    @Test func aRestrictionWhoseCheckpointDoesNotComeIsAskedAbout() throws {
        let node = try NodeTurnShell(serving: grants)
        node.log(Make.revoke(.grant("g")))
        let position = node.position
        _ = node.perform()
        #expect(!node.pass(300).contains("checkpoint of \(position)"))
        #expect(node.pass(1).contains("checkpoint of \(position)"))
        node.take(.reply(.checkpoint(note: "late"), id: node.ids["checkpoint of \(position)"]!))
        #expect(node.perform() == ["open checkpoint late"])
    }

    @Test func aContradictingCheckpointIsToldWithTheRootThatWasFolded() throws {
        let node = try NodeTurnShell(serving: grants)
        node.log(.timeNoted)
        _ = node.perform()
        node.take(.checkpoint(origin: "mesh", size: node.position, root: Make.id("another")))
        #expect(node.perform() == ["wake all", "acknowledge \(node.position)", "report halt"])
    }

    // MARK: Decisions

    private func ship(_ node: NodeTurnShell, through last: UInt64, isFull: Bool = false) {
        let first = node.follower.firstUnshipped
        node.take(
            .decisions(
                DecisionBatch(
                    incarnation: Make.incarnation(1), firstSequence: first, count: UInt32(last - first + 1),
                    digest: .zero), records: [], isFull: isFull))
        #expect(node.perform() == ["ship \(first)...\(last)"])
    }

    private func shipping(predecessor slices: [Position] = []) throws -> NodeTurnShell {
        let node = try NodeTurnShell(serving: grants, predecessor: slices)
        #expect(node.decide(5).reason == .budgetPending)
        _ = node.pass()
        node.take(
            .reply(.reserved([.init(slice: 40, unit: "usd", amount: 20)], refused: []), id: node.ids["reserve g"]!))
        for _ in 0..<3 { #expect(node.decide(5).isAllow) }
        _ = node.perform()
        return node
    }

    @Test func oneBatchIsUnderWayAtATime() throws {
        let node = try shipping()
        #expect(node.pass(2_000).contains("read 1..."))
        ship(node, through: 2)
        #expect(!node.pass(500).contains { $0.hasPrefix("read") })
        node.take(.reply(.stored(through: 1), id: node.ids["ship 1...2"]!))
        #expect(node.pass().contains("read 1...1"), "the ledger has one from there that ends so")
    }

    @Test func recordsGoOnceWhatTheyProveIsNoted() throws {
        let node = try shipping()
        _ = node.pass(2_000)
        ship(node, through: 3)
        let position = node.position
        node.take(.reply(.submitted, id: node.ids["ship 1...3"]!))
        #expect(node.perform() == ["note seen \(position), shipped 3", "carry"])
        #expect(node.carry() == ["release 3"])
        #expect(node.journal.records.last?.kind == .carried)
        #expect(node.journal.records.last?.debits == [.init(slice: 40, used: 15)])
    }

    @Test func recordsStayWhereWhatTheyProveCannotBeNoted() throws {
        let node = try shipping()
        _ = node.pass(2_000)
        ship(node, through: 3)
        node.journal.takesNothing = true
        node.take(.reply(.submitted, id: node.ids["ship 1...3"]!))
        _ = node.perform()
        #expect(node.carry() == [])
        node.journal.takesNothing = false
        node.take(.decisions(nil, records: [], isFull: false))
        #expect(node.carry() == [], "nothing lacks room")
    }

    @Test func recordsOfAPredecessorStayUntilItsSlicesAreClosed() throws {
        let node = try shipping(predecessor: [11])
        _ = node.pass(2_000)
        ship(node, through: 3)
        node.take(.reply(.submitted, id: node.ids["ship 1...3"]!))
        #expect(node.perform() == [])
    }

    @Test func whatTheLedgerHasOtherwiseIsSkippedAndReported() throws {
        let node = try shipping()
        _ = node.pass(2_000)
        ship(node, through: 1)
        node.take(.reply(.refused(Refusal(.exists, "")), id: node.ids["ship 1...1"]!))
        #expect(node.perform() == ["report skipped decisions"])
        #expect(node.follower.firstUnshipped == 2)
    }

    @Test func aBatchThatIsRefusedForGoodIsTriedAgainAfterASecond() throws {
        let node = try shipping()
        _ = node.pass(2_000)
        ship(node, through: 3)
        node.take(.reply(.refused(Refusal(.invalid, "")), id: node.ids["ship 1...3"]!))
        #expect(!node.pass(999).contains("read 1..."))
        #expect(node.pass(1).contains("read 1..."))
    }
}
