internal import PenstockCore
internal import Testing

/// What a node keeps up whatever else it does: its subscriptions, and its eye on the journal's room.
@Suite struct NodeUpkeepTests {
    private func upkeep(_ node: NodeTurnShell, _ milliseconds: Int64) -> [String] {
        node.pass(milliseconds).filter { ["subscribe", "measure journal"].contains($0) }
    }

    /// Twice a second the one, once a second the other.
    private func check(_ node: NodeTurnShell, _ comment: Comment) {
        node.tellsUpkeep = true
        _ = node.pass(5_000)
        #expect(upkeep(node, 499) == [], comment)
        #expect(upkeep(node, 1) == ["subscribe"], comment)
        #expect(upkeep(node, 499) == [], comment)
        #expect(upkeep(node, 1) == ["subscribe", "measure journal"], comment)
    }

    @Test func itIsDueInEveryPhaseUntilTheNodeEnds() throws {
        let first = NodeTurnShell()
        first.tellsUpkeep = true
        #expect(upkeep(first, 0) == ["subscribe", "measure journal"], "at once")
        check(NodeTurnShell(), "loading")
        let node = try NodeTurnShell(serving: [Make.grant("g")])
        check(node, "live")
        node.take(.contradiction("test"))
        _ = node.perform()
        check(node, "halted: what is published is heard, and not believed")
        let ending = try NodeTurnShell(serving: [Make.grant("g")])
        ending.tellsUpkeep = true
        ending.take(.stop)
        _ = ending.perform()
        #expect(upkeep(ending, 5_000) == [])
    }

    /// An acknowledgement goes first, and so it does here.
    @Test func itGivesWayToAnAcknowledgementOnce() throws {
        let node = try NodeTurnShell(serving: [Make.grant("g")])
        node.tellsUpkeep = true
        node.take(.urgent(Make.event(Make.id("urgent"), Make.revoke(.grant("g"))), at: node.position + 1))
        _ = node.perform()
        #expect(upkeep(node, 5_000) == [])
        #expect(upkeep(node, 0) == ["subscribe", "measure journal"])
    }

    @Test func aJournalNearItsEndIsSaidOnceAndSoIsRoom() throws {
        let node = try NodeTurnShell(serving: [Make.grant("g")])
        func say(_ isLow: Bool) -> [String] {
            node.take(.journal(isLow: isLow))
            return node.perform()
        }
        #expect(say(false) == [])
        #expect(say(true) == ["report journal low"])
        #expect(say(true) == [])
        #expect(say(false) == ["report journal has room"])
        #expect(say(false) == [])
    }
}
