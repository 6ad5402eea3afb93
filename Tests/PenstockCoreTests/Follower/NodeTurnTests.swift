internal import PenstockCore
internal import Testing

/// In which order a node does what: what it has applied, what it says of it, and whom it wakes.
@Suite struct NodeTurnTests {
    private let grants = [Make.grant("g") { $0.budgets = [Amount("usd", 100)] }, Make.grant("h")]

    private func urgent(_ selector: Selector, at position: Position) -> NodeInput {
        .urgent(Make.event(Make.id("event \(position)"), Make.revoke(selector), by: "op"), at: position)
    }

    // MARK: Restrictions

    @Test func aRestrictionIsAcknowledgedFirstAndOnceItIsApplied() throws {
        let node = try NodeTurnShell(serving: grants)
        let position = node.position
        node.take(urgent(.grant("g"), at: position + 3))
        #expect(node.enforcement.view.marks(on: "g")?.contains(.revoked) == true)
        #expect(node.perform() == ["acknowledge \(position) and [\(position + 3)]", "wake all", "restrict []"])
        #expect(node.perform() == [])
        node.take(urgent(.grant("g"), at: position + 3))
        #expect(node.perform().first == "acknowledge \(position) and [\(position + 3)]", "the first may be lost")
    }

    @Test func aPageIsAcknowledgedOnceWithAllThatWasApplied() throws {
        let node = try NodeTurnShell(serving: grants)
        let position = node.position
        node.log(Make.revoke(.grant("g")), .timeNoted, Make.revoke(.grant("h")))
        #expect(node.perform() == ["acknowledge \(position + 3)", "wake all", "restrict []"])
    }

    @Test func whatRestrictsNobodyIsNotAcknowledged() throws {
        let node = try NodeTurnShell(serving: grants)
        node.log(.timeNoted)
        #expect(node.perform() == ["wake debts, view"])
    }

    @Test func onlyRestrictionsComeAheadOfTheLog() throws {
        let node = try NodeTurnShell(serving: grants)
        node.take(.urgent(Make.event(Make.id("early"), .timeNoted, by: "op"), at: node.position + 2))
        node.take(urgent(.grant("g"), at: node.position))
        #expect(node.perform() == [])
    }

    @Test func manyUrgentRestrictionsAreAcknowledgedInPages() throws {
        let node = try NodeTurnShell(serving: grants)
        for offset in 1...Position(Limits.urgentPerAck + 1) {
            node.take(urgent(.run("r\(offset)"), at: node.position + offset))
        }
        #expect(node.perform().count { $0.hasPrefix("acknowledge") } == 2)
    }

    @Test func whatCanWaitGivesWayToAcknowledgementsOnce() throws {
        let node = try NodeTurnShell(serving: grants)
        node.take(urgent(.grant("g"), at: node.position + 1))
        _ = node.perform()
        #expect(node.pass(2_000, echoWanted: true) == [])
        #expect(node.pass().contains("echo"))
    }

    @Test func callsUnderWayAreNamedBehindTheAcknowledgement() throws {
        let node = try NodeTurnShell(serving: grants)
        let call = Make.call("h") { $0.holds = true }
        let verdict = node.enforcement.decide(call, arrivedAt: node.now, journal: node.journal)
        #expect(verdict.isAllow)
        node.log(Make.revoke(.grant("h")))
        #expect(
            node.perform() == ["acknowledge \(node.position)", "wake all", "restrict [\(verdict.sequence)]"])
    }

    // MARK: The log

    @Test func eventsAreFoldedInTheirOrderAlone() throws {
        let node = try NodeTurnShell(serving: grants)
        let position = node.position
        let isAdmitted = node.follower.admits(first: position + 2, count: 3, at: node.now)
        #expect(!isAdmitted)
        #expect(node.follower.target == position + 4)
        #expect(!node.follower.continues(at: position + 2) && node.follower.continues(at: position + 1))
        node.take(.logged(Make.event(Make.id("x"), .timeNoted, by: "ledger"), at: position + 2, root: Make.id("x")))
        #expect(node.position == position)
        #expect(node.pass(11).contains("fetch \(position + 1)"))
        #expect(!node.pass(11).contains { $0.hasPrefix("fetch") }, "one is under way")
    }

    @Test func aContradictionHaltsAndIsReportedOnce() throws {
        let node = try NodeTurnShell(serving: grants)
        node.log(Make.revoke(.grant("g")))
        node.take(.contradiction("a damaged entry"))
        node.take(.contradiction("another one"))
        #expect(
            node.perform() == ["acknowledge \(node.position)", "wake all", "restrict []", "report halt"],
            "what was applied before is said")
        #expect(node.enforcement.halted == "a damaged entry")
        #expect(node.pass(5_000) == [])
    }

    // MARK: Stopping

    @Test func aCleanStopGivesBackBeforeItSaysThatItEnds() throws {
        let node = try NodeTurnShell(serving: grants)
        #expect(node.decide(5).reason == .budgetPending)
        _ = node.pass()
        node.take(
            .reply(.reserved([.init(slice: 40, unit: "usd", amount: 20)], refused: []), id: node.ids["reserve g"]!))
        #expect(node.decide(5).isAllow)
        _ = node.perform()
        let position = node.position
        node.take(.stop)
        #expect(
            node.perform() == [
                #"close ["40: 5"]"#, "acknowledge \(position), ended", "note seen \(position), shipped 0",
            ])
        #expect(node.follower.isGivingBack)
        node.take(.reply(.submitted, id: node.ids[#"close ["40: 5"]"#]!))
        #expect(!node.follower.isGivingBack)
    }
}
