internal import PenstockCore
internal import Testing

@Suite struct EventTests {
    /// A kind's name is what authority is decided by: it must be the one of its own content.
    @Test func nameIsThatOfTheContent() {
        let report = SliceReport(incarnation: Make.incarnation(1), uses: [])
        let slice = Slice(
            grantID: "g", unit: "usd", amount: 1, node: "n1", incarnation: Make.incarnation(1),
            requestID: Make.incarnation(2))
        let batch = DecisionBatch(incarnation: Make.incarnation(1), firstSequence: 1, count: 1, digest: .zero)
        let kinds: [EventKind] = [
            .genesis([], .standard), .nodeAdmitted(Make.node("x", .issuer), tokenHash: .zero),
            .nodeExpelled(name: "x", reason: ""),
            .joinTokenMade(JoinToken(hash: .zero, role: .issuer, expiresAt: 1)), .epochOpened(2, reason: ""),
            .settingsChanged(.standard),
            .grantIssued(Make.grant("g")), .grantRenewed(grantID: "g", expiresAt: 1), Make.revoke(.all),
            Make.lift(.zero),
            Make.budget("b", 1),
            .budgetCeilingSet(.named("b"), ceiling: 2, reason: ""), .budgetWarned(name: "b", percent: 80, settled: 1),
            .windowOpened(WindowOpening(budget: "b", number: 1, start: 0, end: 1)),
            .debtRecorded(Debt(incarnation: Make.incarnation(1), decision: 1, grantID: "g", amounts: [])),
            .debtsAccepted([1], reason: ""),
            .rateCreated(NamedRate(Rate(name: "r", unit: "calls", limit: 1, periodMS: 1000), for: .all)),
            .sliceReserved(slice), .spendReported(report), .sliceClosed(report), .decisionBatch(batch),
            .timeAccepted(leapMS: -4000, reason: ""), .timeNoted,
            .debtSettled(DebtSettlement(position: 1, reported: [], charged: []), reason: ""),
            .budgetChanged(BudgetChange(name: "b", maxOut: 1), reason: ""),
            .budgetClosed("b", reason: ""),
            .rateChanged(Rate(name: "r", unit: "calls", limit: 1, periodMS: 1000), reason: ""),
            .rateClosed("r", reason: ""), .forgotten(Forgetting(grants: [2])),
        ]
        #expect(kinds.map(\.name) == EventKind.Name.allCases)
    }
}
