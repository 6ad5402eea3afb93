internal import PenstockCore
internal import Testing

/// A node with several shards: each grant is one shard's, and whatever concerns all of them reaches each.
@Suite struct ShardTests {
    private let now = Make.milliseconds(50_000)
    private let journal = TestJournal()

    /// Eight grants that lie in all of four shards, with calls under way.
    private func node(
        _ rates: [Rate] = [], budgets: [Amount] = [Amount("usd", 100)], shards: Int = 4
    ) throws -> Enforcement {
        let grants = (0..<8).map { number in
            Make.grant("\(number)") { grant in
                grant.budgets = budgets
                grant.rates = rates
                // As the digests of credentials are: spread over all values.
                grant.credentialDigest = Digest(words: (UInt64(number) << 61 | 1, UInt64(number), 1, 1))
            }
        }
        var node = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: ["tools"], shards: shards)
        node.load(try View(grants: grants))
        node.echoSent(nonce: 1, at: now)
        _ = node.echoAnswered(EchoReply(nonce: 1, epoch: 1, head: node.view.position, ledgerTime: Make.wall), at: now)
        for grant in 0..<8 where !budgets.isEmpty {
            node.fund(grant: grant, unit: "usd", amount: 10, slice: Position(1000 + grant))
        }
        return node
    }

    private func call(_ grant: Int, _ amount: Int64 = 4, holds: Bool = true, callID: String = "") -> Call {
        Make.call {
            $0.credential = Digest(words: (UInt64(grant) << 61 | 1, UInt64(grant), 1, 1))
            ($0.amounts, $0.holds, $0.callID) = (
                amount == 0 ? CallAmounts() : CallAmounts([Amount("usd", amount)])!, holds, callID
            )
        }
    }

    @Test func grantsAreSpreadOverAllShardsAndStay() throws {
        let node = try node()
        #expect((0..<8).map { node.shard(ofGrant: $0) } == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect((0..<8).allSatisfy { node.shard(of: call($0)) == node.shard(ofGrant: $0) })
    }

    @Test(arguments: [1, 3, 64]) func aCallIsDecidedAndEndedInItsGrantsShard(shards: Int) throws {
        var node = try node(shards: shards)
        for grant in 0..<8 {
            let verdict = node.decide(call(grant), arrivedAt: now, journal: journal)
            #expect(verdict.isAllow && Int(verdict.shard) == node.shard(ofGrant: grant))
            #expect(node.holdCount == 1)
            let sequence = node.settle(
                verdict.sequence, in: Int(verdict.shard), actual: CallAmounts([Amount("usd", 3)])!, journal: journal)
            #expect(sequence != nil && node.holdCount == 0)
        }
        #expect(node.answered(.none) == 8)
        #expect(node.heldSlices.map(\.used) == [Int64](repeating: 3, count: 8))
    }

    @Test func aReportTellsOfEveryShardOnce() throws {
        for limit in [3, 1000] {
            var other = try self.node()
            for grant in 0..<8 { _ = other.decide(call(grant, holds: false), arrivedAt: now, journal: journal) }
            var (start, found): (Int, [Position]) = (0, [])
            while start < other.accountCount {
                let (uses, next) = other.unreported(from: start, scan: 5, limit: limit, at: now)
                other.reported(uses)
                found += uses.values.joined().map(\.slice)
                start = next
            }
            #expect(found.sorted() == (1000..<1008).map { Position($0) })
        }
    }

    @Test func aRevokeReachesEveryShard() throws {
        var node = try node()
        let decisions = (0..<8).map { node.decide(call($0), arrivedAt: now, journal: journal).sequence }
        try node.apply(Make.event(Make.id("r"), Make.revoke(.all)), at: node.view.position + 1)
        #expect(node.cancelRestricted().map(\.decision) == decisions)
        #expect(node.closeRevoked(from: 0, scan: 3) == 3)
        #expect(node.closeRevoked(from: 3, scan: 100) == 8)
        #expect(node.heldSlices.map(\.returned) == [Int64](repeating: 6, count: 8))
        #expect(
            (0..<8).map { node.decide(call($0), arrivedAt: now, journal: journal).reason }
                == [Reason](repeating: .revoked, count: 8))
    }

    @Test func aRecallReachesTheShardOfItsGrant() throws {
        for grant in 0..<8 {
            var node = try node()
            node.recall(grantID: "\(grant)", unit: "usd")
            #expect(node.heldSlices.map(\.returned) == (0..<8).map { $0 == grant ? 10 : 0 })
        }
    }

    @Test func whatCarriesAJournalOnTellsOfEveryShard() throws {
        var node = try node()
        for grant in 0..<8 { _ = node.decide(call(grant), arrivedAt: now, journal: journal) }
        var place = Enforcement.CarryPlace()
        var uses: [SliceReport.Use] = []
        while let record = node.carried(from: &place) { uses += record.debits }
        #expect(uses.map(\.slice) == (1000..<1008).map { Position($0) })
        #expect(uses.allSatisfy { $0.used == 4 })
    }

    /// Also where there were other shards before.
    @Test(arguments: [1, 2, 4, 64]) func callIDsOfBeforeARestartAreInTheirGrantsShards(shards: Int) throws {
        var node = try node(shards: shards)
        var predecessors = Predecessors()
        for grant in 0..<8 {
            var record = DecisionRecord(kind: .decided)
            (record.callID, record.grant) = ("c", node.view.grants[grant].position)
            predecessors.add(record, sequence: UInt64(grant + 1))
        }
        var follower = Make.follower(predecessors)
        _ = follower.tick(&node, awaited: [], echoWanted: false, at: now) { 1 }
        let view = node.view
        follower.loaded(view, head: view.position, into: &node, at: now)
        node.echoSent(nonce: 2, at: now)
        _ = node.echoAnswered(EchoReply(nonce: 2, epoch: 1, head: view.position, ledgerTime: Make.wall), at: now)
        for grant in 0..<8 {
            let again = node.decide(call(grant, callID: "c"), arrivedAt: now, journal: journal)
            #expect(again.reason == .alreadySettled)
        }
    }

    @Test func aDebtFreezesItsGrantInEveryShard() throws {
        var node = try node()
        let verdict = node.decide(call(7), arrivedAt: now, journal: journal)
        _ = node.settle(
            verdict.sequence, in: Int(verdict.shard), actual: CallAmounts([Amount("usd", 90)])!, journal: journal)
        #expect(node.owing.map(\.grantID) == ["7"])
        #expect(node.decide(call(7), arrivedAt: now, journal: journal).reason == .budgetFrozen)
        #expect(node.decide(call(6), arrivedAt: now, journal: journal).isAllow)
    }
}
