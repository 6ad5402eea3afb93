internal import PenstockCore
internal import Testing

/// What the ledger forgets, when, and what it keeps of it.
@Suite struct LedgerForgetTests {
    private func ended(_ id: String) -> EventKind {
        .grantIssued(
            Make.grant(id) {
                $0.expiresAt = Make.wall - Limits.keptMS
                $0.budgets = [Amount("usd", 100)]
            })
    }

    private func forget(_ grants: Position...) -> EventKind { .forgotten(Forgetting(grants: grants)) }

    @Test func grantWithASliceOutIsNotForgotten() throws {
        var ledger = try Ledger()
        try ledger.add(ended("g"), by: "issuer")
        let slice = try ledger.reserve(10)
        #expect(throws: FoldError.self) {
            var ledger = ledger
            try ledger.add(forget(2), by: "ledger")
        }
        try ledger.add(.sliceClosed(ledger.report([(slice, 3)])), by: "n1")
        try ledger.add(forget(2), by: "ledger")
        #expect(ledger.state.book.entries.isEmpty)
        #expect(ledger.state.levels("g", "usd") == [])
    }

    @Test func forgottenIDIsNotIssuedAgain() throws {
        var ledger = try Ledger()
        try ledger.add(ended("g"), by: "issuer")
        try ledger.add(forget(2), by: "ledger")
        #expect(ledger.state.forgottenGrant("g") == 2)
        #expect(ledger.refusal(.grantIssued(Make.grant("g")), by: "issuer") == .exists)
        #expect(ledger.refusal(.grantIssued(Make.grant("h")), by: "issuer") == nil)
        #expect(ledger.refusal(.grantRenewed(grantID: "g", expiresAt: Make.wall + 1), by: "issuer") == .notFound)
    }

    /// Two such grants would have one account, and forgetting one would take it from the other.
    @Test func idThatUnicodeTakesForAnotherHasNoBudgetOfItsOwn() throws {
        var ledger = try Ledger()
        try ledger.add(ended("caf\u{e9}"), by: "issuer")
        let same = Make.grant("cafe\u{301}") { $0.budgets = [Amount("usd", 100)] }
        #expect(ledger.refusal(.grantIssued(same), by: "issuer") == .exists)
        try ledger.add(forget(2), by: "ledger")
        #expect(ledger.refusal(.grantIssued(same), by: "issuer") == nil)
    }

    @Test func openDebtKeepsAGrantAndASettledOneGoesWithIt() throws {
        var ledger = try Ledger()
        try ledger.add(ended("g"), by: "issuer")
        let debt = Debt(incarnation: Make.incarnation(1), decision: 7, grantID: "g", amounts: [Amount("usd", 5)])
        try ledger.add(.debtRecorded(debt), by: "n1")
        #expect(throws: FoldError.self) {
            var ledger = ledger
            try ledger.add(forget(2), by: "ledger")
        }
        try ledger.add(.debtsAccepted([3], reason: ""))
        try ledger.add(forget(2), by: "ledger")
        #expect(ledger.state.book.debts.isEmpty)
        #expect(ledger.refusal(.debtRecorded(debt), by: "n1") == .notFound)
    }

    /// Accounts are numbered anew by a snapshot: what is folded behind it comes to the same image.
    @Test func snapshotOfWhatForgotFoldsOnAlike() throws {
        var ledger = try Ledger()
        for id in ["a", "b", "c"] {
            try ledger.add(ended(id), by: "issuer")
            try ledger.reserve(10, grant: id)
        }
        try ledger.add(.sliceClosed(ledger.report([(3, 1)])), by: "n1")
        try ledger.add(forget(2), by: "ledger")
        var whole = ledger.state
        var resumed = try LedgerState(view: View(image: whole.view.image), image: whole.image)
        let tail: [(EventKind, String)] = [
            (.grantIssued(Make.grant("d") { $0.budgets = [Amount("usd", 9)] }), "issuer"),
            (
                .sliceReserved(
                    Slice(
                        grantID: "d", unit: "usd", amount: 2, node: "n1", incarnation: Make.incarnation(1),
                        requestID: Make.incarnation(99))), "ledger"
            ), (.spendReported(ledger.report([(5, 4), (7, 2)])), "n1"),
        ]
        for (kind, origin) in tail {
            let event = Make.event(Make.id("\(kind)"), kind, by: origin)
            try whole.apply(event, at: whole.view.position + 1)
            try resumed.apply(event, at: resumed.view.position + 1)
        }
        #expect(whole.image == resumed.image)
        #expect(whole.image.book.accounts.map(\.grant) == ["b", "c", "d"])
        #expect(whole.image.forgotten.map(\.position) == [2])
        #expect(whole.view.image == resumed.view.image)
    }

    // MARK: When

    private static let due = Limits.keptUsuallyMS + 3_600_000

    @Test func ledgerForgetsOnceTheTimeHasComeAndOnce() throws {
        var shell = try LedgerTurnShell()
        let grant = EventKind.grantIssued(Make.grant("g"))
        _ = shell.run([.submit(grant, "grant", by: Make.node("issuer", .issuer))], at: 0)
        let early = shell.run([.housekeep], at: Make.milliseconds(Self.due - 1))
        #expect(!early.contains { $0.contains("forgotten") })
        let lines = shell.run([.housekeep], at: Make.milliseconds(Self.due))
        #expect(lines.contains("commit \(shell.turn.ledger.state.view.position): forgotten"))
        #expect(shell.turn.ledger.state.view.index(ofGrant: "g") == nil)
        for _ in 0..<3 { #expect(shell.run([.housekeep], at: Make.milliseconds(Self.due + 1)) == []) }
    }

    @Test func forgettingWaitsForRestrictionsAndForRoom() throws {
        var shell = try LedgerTurnShell()
        let grant = EventKind.grantIssued(Make.grant("g"))
        _ = shell.run([.submit(grant, "grant", by: Make.node("issuer", .issuer))], at: 0)
        let now = Make.milliseconds(Self.due)
        _ = shell.turn.storeTakes(.restrictions, isProven: false, at: now)
        #expect(shell.run([.housekeep], at: now) == [])
        _ = shell.turn.storeTakes(.everything, isProven: false, at: now)
        let lines = shell.run([.housekeep, .revoke("a")], at: now).filter { $0.hasPrefix("commit") }
        #expect(lines.map { $0.split(separator: ": ")[1] } == ["restricted", "forgotten"])
    }

    @Test func oneEventNamesABoundedNumberChildrenFirst() throws {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        for number in 0..<Limits.forgottenAtOnce + 10 {
            let position = state.view.position + 1
            let kind = EventKind.grantIssued(
                Make.grant("\(number)") {
                    $0.delegate = 1
                    if number == 1 { ($0.parent, $0.runID, $0.agentID) = ("0", "", "") }
                })
            try state.apply(Make.event(Make.id("grant \(number)"), kind, by: "issuer"), at: position)
        }
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 1, restored: false, time: LedgerTime(wall: Make.wall + Self.due, at: 0), at: 0)
        var counts: [Int] = []
        for _ in 0..<5 {
            guard let kind = ledger.toForget(at: 0), case .forgotten(let forgetting) = kind else { continue }
            counts.append(forgetting.grants.count)
            let event = Event(
                id: Make.id("\(kind)"), mesh: "mesh", origin: "ledger", createdAt: ledger.stamp(at: 0), kind: kind)
            _ = try ledger.stage(own: event)
        }
        #expect(counts.reduce(0, +) == Limits.forgottenAtOnce + 10)
        #expect(counts.max() == Limits.forgottenAtOnce)
        #expect(ledger.next.view.handles.isEmpty)
    }
}
