internal import PenstockCore
internal import Testing

/// A node forgets with its view: the slot goes to another grant, which has nothing of the one before.
@Suite struct NodeForgetTests {
    private func node() throws -> DecidingNode {
        try DecidingNode([
            Make.grant("g") { $0.budgets = [Amount("usd", 100)] },
            Make.grant("h") { $0.budgets = [Amount("usd", 100)] },
        ])
    }

    /// Grant g of position 2 is forgotten, long after its end, and i comes in its slot.
    private func replace(_ node: DecidingNode) throws {
        let event = Event(
            id: Make.id("forget"), mesh: "mesh", origin: "ledger",
            createdAt: Make.wall + 3_600_000 + Limits.keptMS, kind: .forgotten(Forgetting(grants: [2])))
        try node.enforcement.apply(event, at: node.position + 1)
        #expect(node.reason(Make.call()) == .unknownCredential)
        try node.add(.grantIssued(Make.grant("i") { $0.budgets = [Amount("usd", 100)] }), by: "issuer")
        try #require(node.enforcement.view.index(ofGrant: "i") == 0)
    }

    @Test func callIDsOfTheOneBeforeAreNew() throws {
        let node = try node()
        node.enforcement.rememberSettled(
            .init(grant: 0, callID: "c"), content: Make.id("content"), decision: 7)
        try replace(node)
        let call = Make.call("i") { $0.callID = "c" }
        #expect(node.enforcement.earlier(call, grant: 0, content: Make.id("content")) == .new)
    }

    @Test func openHoldIsChargedInFullAndWhatIsLeftIsTold() throws {
        let node = try node()
        let slice = node.fund("usd", 50)
        #expect(node.hold([Amount("usd", 5)], as: 7, callID: "c").isAllow)
        try replace(node)
        #expect(node.enforcement.calls.holdCount == 0)
        #expect(node.enforcement.settle(7, actual: CallAmounts([Amount("usd", 1)])!) == nil)
        #expect(node.enforcement.unclosed(limit: 9) == [.init(slice: slice, used: 5)])
    }

    @Test func accountsGoToAnotherGrantEmpty() throws {
        let node = try node()
        node.fund("usd", 50)
        node.fund("usd", 30, grant: 1)
        try replace(node)
        #expect(node.enforcement.purse.find(grant: 0, unit: "usd") == -1)
        #expect(node.reason(Make.call("i") { $0.amounts = CallAmounts([Amount("usd", 1)])! }) == .budgetPending)
        #expect(node.enforcement.purse.count == 2)
        #expect(node.available("usd") == 0)
        #expect(node.available("usd", grant: 1) == 30)
        node.fund("usd", 10)
        #expect(node.available("usd") == 10)
    }

    @Test func answerToTheOneBeforeIsNobodys() throws {
        var purse = Purse()
        let account = purse.open(grant: 0, unit: "usd")
        purse.lack(1, account)
        let sent = purse.nextReserve(at: 0, requestID: Make.incarnation(9))
        let reserve = try #require(sent)
        _ = purse.forget(grant: 0)
        let again = purse.open(grant: 0, unit: "usd")
        #expect(again == account)
        purse.lack(1, account)
        let granted = [Purse.Granted(slice: 99, unit: "usd", amount: 40)]
        let isTaken = purse.answered(reserve, granted: granted, refused: [])
        #expect(!isTaken)
        #expect(purse.available(account) == 0)
        let next = purse.nextReserve(at: 0, requestID: Make.incarnation(10))
        #expect(next?.parts.map(\.account) == [account])
    }
}
