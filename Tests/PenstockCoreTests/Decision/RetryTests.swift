internal import PenstockCore
internal import Testing

/// The same call id again.
@Suite struct RetryTests {
    private let content = Make.id("content")

    private func node() throws -> DecidingNode {
        let node = try DecidingNode(["g", "h"].map { Make.grant($0) { $0.budgets = [Amount("usd", 100)] } })
        node.fund("usd", 50)
        return node
    }

    private func retry(_ node: DecidingNode, _ callID: String = "c", grant: Int32 = 0, content: Digest? = nil)
        -> Shard.Retry
    {
        node.enforcement.earlier(Make.call { $0.callID = callID }, grant: grant, content: content ?? self.content)
    }

    @Test func holdUnderWayAnswersWithItsDecision() throws {
        let node = try node()
        #expect(retry(node) == .new)
        _ = node.hold([Amount("usd", 5)], as: 7, callID: "c")
        #expect(retry(node) == .underWay(decision: 7))
        #expect(node.available("usd") == 45)
    }

    @Test func otherContentIsAMismatch() throws {
        let node = try node()
        _ = node.hold([Amount("usd", 5)], as: 7, callID: "c")
        #expect(retry(node, content: Make.id("other")) == .mismatch)
        _ = node.enforcement.release(7)
        #expect(retry(node, content: Make.id("other")) == .mismatch)
    }

    @Test func settledOrReleasedIsSettled() throws {
        let node = try node()
        _ = node.hold([Amount("usd", 5)], as: 7, callID: "c")
        _ = node.hold([Amount("usd", 5)], as: 8, callID: "d")
        _ = node.enforcement.settle(7, actual: CallAmounts([])!)
        _ = node.enforcement.release(8)
        #expect([retry(node, "c"), retry(node, "d")] == [.settled, .settled])
    }

    @Test func callSpentAtOnceIsSettledFromTheStart() throws {
        let node = try node()
        node.enforcement.rememberSettled(.init(grant: 0, callID: "c"), content: content, decision: 7)
        #expect(retry(node) == .settled)
    }

    private func record(
        _ kind: DecisionRecord.Kind, _ callID: String = "", grant: Position = 2, _ reason: Reason = .none,
        of decision: UInt64 = 0
    ) -> DecisionRecord {
        var record = DecisionRecord(kind: kind)
        (record.callID, record.grant, record.reason, record.decision) = (callID, grant, reason, decision)
        return record
    }

    /// From the journal: whatever was allowed under an id is spent or charged, and what the call was is not known any
    /// more.
    @Test func idsOfBeforeARestartAreSettled() throws {
        let node = try node()
        let first = node.enforcement.view.grants[0].position
        var predecessors = Predecessors()
        let records = [
            record(.decided, "spent", grant: first), record(.held, "held", grant: first),
            record(.decided, "denied", grant: first, .rateLimited),
            record(.decided, "void", grant: first), record(.voided, of: 4), record(.settled, of: 2),
            record(.held, "elsewhere", grant: first + 1),
            record(.decided, "unknown", grant: 1 << 40), record(.decided),
            record(.held, "later", grant: node.position + 1),
        ]
        for (index, record) in records.enumerated() { predecessors.add(record, sequence: UInt64(index + 1)) }
        var follower = Make.follower(predecessors)
        _ = follower.tick(&node.enforcement, awaited: [], echoWanted: false, at: node.now) { 1 }
        for _ in 0..<2 {
            follower.loaded(node.enforcement.view, head: node.position, into: &node.enforcement, at: node.now)
        }
        #expect(
            ["spent", "held", "denied", "void", "elsewhere", "unknown"].map { retry(node, $0) } == [
                .settled, .settled, .new, .new, .new, .new,
            ])
        #expect(retry(node, "spent", content: Make.id("other")) == .settled)
        #expect(retry(node, "elsewhere", grant: 1) == .settled)
        // A snapshot may be older than the grant.
        try node.add(.grantIssued(Make.grant("late")), by: "issuer")
        #expect(retry(node, "later", grant: 2) == .settled)
    }

    /// What nobody ended is charged in full, and said to be: once, and of the run that gave it.
    @Test func holdsOfBeforeARestartEnd() {
        let runs = [Incarnation(high: 1, low: 2), Incarnation(high: 3, low: 4)]
        var held = record(.held, "open")
        (held.amounts, held.debits, held.action, held.resourceType, held.resourceID) = (
            [Amount("usd", 5), Amount("calls", 1)], [.init(slice: 9, used: 5)], "a", "t", "i"
        )
        let records = [
            held, record(.held), record(.settled, of: 2), record(.held), record(.released, of: 4), record(.held),
            record(.voided, of: 6), record(.decided), record(.held),
        ]
        var predecessors = Predecessors()
        for (index, record) in records.enumerated() {
            predecessors.add(record, sequence: UInt64(index + 1), of: runs[index / 8])
        }
        let ends = predecessors.ends
        #expect(ends.map(\.decision) == [1, 9] && ends.map(\.endedRun) == [runs[0], runs[1]])
        #expect(
            ends[0].kind == .settled && ends[0].reason == .expired && ends[0].amounts == held.amounts
                && ends[0].callID == "open" && ends[0].resourceID == "i")
        #expect(ends[0].debits.isEmpty, "nothing went back")
        for (index, end) in ends.enumerated() {
            let bytes = end.bytes
            let read = bytes.withUnsafeBytes { DecisionRecord($0) }
            #expect(read == end)
            var filter = DecisionFilter()
            filter.decision = (runs[index], end.decision)
            let successor = Incarnation(high: 5, low: 6)
            #expect(bytes.withUnsafeBytes { filter.takes($0, sequence: 20, of: successor) })
            filter.decision = (runs[1 - index], end.decision)
            #expect(!bytes.withUnsafeBytes { filter.takes($0, sequence: 20, of: successor) })
            predecessors.add(read!, sequence: UInt64(20 + index), of: successor)
        }
        #expect(predecessors.ends.isEmpty)
    }

    @Test func idIsOfItsGrantAndAnEmptyOneIsAlwaysNew() throws {
        let node = try node()
        _ = node.hold([Amount("usd", 5)], as: 7, callID: "c")
        node.enforcement.rememberSettled(.init(grant: 0, callID: ""), content: content, decision: 8)
        #expect(retry(node, grant: 1) == .new)
        #expect(retry(node, "") == .new)
    }

    @Test func aGrantsOldestSettledIdsAreForgottenAndThoseUnderWayKept() throws {
        let node = try node()
        _ = node.hold([Amount("usd", 5)], as: 1, callID: "open")
        node.enforcement.rememberSettled(.init(grant: 1, callID: "other"), content: content, decision: 2)
        for number in 0...Limits.callIDsPerGrant {
            node.enforcement.rememberSettled(
                .init(grant: 0, callID: "\(number)"), content: content, decision: UInt64(number) + 3)
        }
        #expect(retry(node, "open") == .underWay(decision: 1))
        #expect(retry(node, "0") == .new)
        #expect(retry(node, "1") == .settled)
        #expect(retry(node, "\(Limits.callIDsPerGrant)") == .settled)
        #expect(retry(node, "other", grant: 1) == .settled)
        _ = node.enforcement.release(1)
        #expect(retry(node, "open") == .settled)
        #expect(retry(node, "1") == .new)
    }

    @Test func manyGrantsForgetTheOldestOfAll() {
        var table = CallTable()
        func name(_ number: Int) -> CallTable.CallName { .init(grant: Int32(number % 16), callID: "\(number)") }
        for number in 0...Limits.callIDs { table.remember(name(number), content: content, decision: UInt64(number)) }
        #expect(table.named(name(0)) == nil)
        #expect(table.named(name(1))?.settled == true)
        #expect(table.named(name(Limits.callIDs))?.settled == true)
    }
}
