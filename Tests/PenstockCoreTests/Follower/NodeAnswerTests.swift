internal import PenstockCore
internal import Testing

/// What a node makes of answers, in which order, and what it asks again.
@Suite struct NodeAnswerTests {
    private let grants = [Make.grant("g") { $0.budgets = [Amount("usd", 100)] }]

    @Test func whoWaitsForSlicesIsWokenOnceTheyAreThere() throws {
        let node = try NodeTurnShell(serving: grants)
        #expect(node.decide(5).reason == .budgetPending)
        #expect(node.pass().contains("reserve g"))
        #expect(!node.pass(100).contains("reserve g"), "its answer is yet to be folded")
        let granted = Purse.Granted(slice: 40, unit: "usd", amount: 20)
        node.take(.reply(.reserved([granted], refused: []), id: node.ids["reserve g"]!))
        #expect(node.decide(5).isAllow)
        #expect(node.perform() == ["wake slices(grant: 0)"])
    }

    @Test func whatIsNotAnsweredGoesAgainUnderAnotherID() throws {
        let node = try NodeTurnShell(serving: grants)
        #expect(node.decide(5).reason == .budgetPending)
        _ = node.pass()
        let first = node.ids["reserve g"]!
        #expect(node.pass(1_001).contains("reserve g"))
        #expect(node.ids["reserve g"] != first)
        node.take(.reply(.reserved([], refused: [.init("usd", .budgetExhausted)]), id: first))
        #expect(node.perform() == [], "a later copy is under way")
    }

    @Test func aPredecessorsSlicesAreClosedOnceAllAreKnown() throws {
        let node = try NodeTurnShell(serving: grants, predecessor: [11, 12, 13])
        func slice(_ id: Position) -> Follower.OpenSlice {
            Follower.OpenSlice(slice: id, incarnation: Make.incarnation(2), amount: 10, used: 0)
        }
        #expect(node.pass(300).contains("open slices after 0") || node.ids["open slices after 0"] != nil)
        node.take(
            .reply(.openSlices([slice(11), slice(12)], after: 0, next: 12), id: node.ids["open slices after 0"]!))
        #expect(node.perform() == ["open slices after 12"])
        #expect(!node.follower.mayForgetPredecessors)
        node.take(.reply(.openSlices([slice(13)], after: 12, next: 0), id: node.ids["open slices after 12"]!))
        #expect(node.perform() == [#"close ["11: 3", "12: 3", "13: 3"]"#])
        #expect(!node.follower.mayForgetPredecessors)
    }

    @Test func aSnapshotIsOpenedOnceAllOfItIsThere() {
        let node = NodeTurnShell()
        #expect(node.pass() == [] && node.pass() == ["snapshot 0 at 0"])
        func chunk(_ offset: Int, _ bytes: [UInt8], of count: Int) -> NodeReply {
            .snapshot(
                SnapshotChunk(
                    position: 9, epoch: 1, digest: .zero, signature: [], frontier: [], head: 9, byteCount: count,
                    offset: offset, bytes: bytes))
        }
        node.take(.reply(chunk(0, [1, 2], of: 4), id: node.ids["snapshot 0 at 0"]!))
        #expect(node.perform() == ["snapshot 9 at 2"])
        #expect(node.pass(30) == [], "no second one is asked for")
        node.take(.reply(chunk(2, [3, 4], of: 4), id: node.ids["snapshot 9 at 2"]!))
        #expect(node.perform() == ["open snapshot [1, 2, 3, 4]"])
    }
}
