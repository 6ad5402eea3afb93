internal import PenstockCore
internal import Testing

/// The order in which a turn commits, publishes and answers, as lines of text.
@Suite struct LedgerTurnTests {
    private let issuer = Make.node("issuer", .issuer)
    private let n1 = Make.node("n1", .enforcer)

    private let grant = EventKind.grantIssued(Make.grant("g") { $0.budgets = [Amount("usd", 100)] })

    @Test func everythingFollowsTheCommitAndUrgentGoesFirst() throws {
        var shell = try LedgerTurnShell()
        let lines = shell.run([.submit(grant, "grant", by: issuer), .revoke("a"), .echo(2)], at: 10)
        #expect(
            lines == [
                "commit 3: grantIssued restricted", "urgent 4", "grant: taken at 3", "a: taken at 4", "n1: echo of 4",
            ])
    }

    @Test func whatIsRefusedWaitsForNoCommit() throws {
        var shell = try LedgerTurnShell()
        let lines = shell.run([.submit(Make.revoke(.all), "n1", by: n1), .submit(grant, "grant", by: issuer)], at: 10)
        #expect(lines == ["n1: not_permitted", "commit 3: grantIssued", "log 3 to 3", "grant: taken at 3"])
    }

    @Test func logPublicationWaitsForAcknowledgementsAndAllBehindItWaitToo() throws {
        var shell = try LedgerTurnShell()
        _ = shell.run([.echo(2)], at: 0)
        #expect(shell.run([.revoke("a")], at: 10) == ["commit 3: restricted", "urgent 3", "a: taken at 3"])
        #expect(
            shell.run([.submit(grant, "grant", by: issuer)], at: 20) == ["commit 4: grantIssued", "grant: taken at 4"])
        #expect(shell.turn.dueAt(20).map { $0 <= 10 + Make.milliseconds(5) } == true)
        #expect(shell.step(at: 10 + Make.milliseconds(5) - 1) == [])
        #expect(shell.step(at: 10 + Make.milliseconds(5)) == ["log 3 to 4 with a checkpoint for [3]"])
    }

    @Test func lastAcknowledgementEndsTheWaitOfAll() throws {
        var shell = try LedgerTurnShell()
        let later = shell.turn.ledger.presence.bound + 1
        _ = shell.run([.echo(2)], at: later)
        #expect(
            shell.run([.revoke("a", barrierMS: 1000)], at: later)
                == ["commit 3: restricted", "urgent 3", "a: taken at 3"])
        #expect(shell.run([.acknowledge(3)], at: later) == [])
        #expect(shell.step(at: later) == ["a: closed", "log 3 to 3 with a checkpoint for [3]"])
        #expect(shell.step(at: later) == [], "once")
    }

    @Test func waiterIsAnsweredOnceAndPartialAtItsDeadline() throws {
        var shell = try LedgerTurnShell()
        _ = shell.run([.echo(2)], at: 0)
        let revoke = LedgerInput.revoke("a", barrierMS: 100)
        #expect(
            shell.run([revoke, revoke], at: 0).filter { $0.hasPrefix("a:") } == [
                "a: taken at 3", "a: taken at 3 before",
            ])
        #expect(shell.step(at: Make.milliseconds(99)).filter { $0.hasPrefix("a:") } == [])
        #expect(shell.step(at: Make.milliseconds(100)) == ["a: waiting"])
        #expect(shell.step(at: Make.milliseconds(2000)).filter { $0.hasPrefix("a:") } == [])
    }

    /// It was still a member when its echo came.
    @Test func whoIsExpelledInATurnGetsNoLeaseByIt() throws {
        var shell = try LedgerTurnShell()
        let expel = LedgerInput.submit(.nodeExpelled(name: "n1", reason: ""), "op", by: Make.node("op", .operator))
        let lines = shell.run([.echo(2), expel], at: 0)
        #expect(lines == ["commit 3: nodeExpelled", "members", "log 3 to 3", "op: taken at 3", "n1: not_permitted"])
        #expect(shell.step(at: Make.milliseconds(49)) == [])
        #expect(shell.step(at: Make.milliseconds(50)) == ["cut"], "answers leave before")
    }

    @Test func sameEventTwiceHasOnePosition() throws {
        var shell = try LedgerTurnShell()
        let grant = LedgerInput.submit(grant, "grant", by: issuer)
        #expect(shell.run([grant, grant], at: 0).suffix(2) == ["grant: taken at 3", "grant: taken at 3 before"])
        #expect(shell.run([.submit(self.grant, "grant", by: issuer, known: 3)], at: 0) == ["grant: taken at 3 before"])
    }

    @Test func moreThanACommitTakesIsCommittedInTurn() throws {
        var shell = try LedgerTurnShell()
        let inputs = (0...Limits.commitEvents).map { LedgerInput.revoke("a\($0)") }
        let lines = shell.run(inputs, at: 0).filter { $0.hasPrefix("commit") }
        #expect(lines.map { $0.split(separator: " ").count - 2 } == [Limits.commitEvents, 1])
    }

    @Test func restoredLogIsServedFromItsFirstEventOn() throws {
        var shell = try LedgerTurnShell(restored: true)
        let n2 = Make.node("n2", .enforcer)
        #expect(shell.run([.revoke("a"), .echo(1)], at: 0) == ["a: recovering", "n1: recovering"])
        let word = NodeProgress(incarnation: Make.incarnation(2), applied: 1, heard: 1)
        let lines = shell.run(
            [.acknowledge(word, agrees: true, Caller(route: "n2", sender: n2, id: 1)), .revoke("a")], at: 0)
        #expect(
            lines == ["n2: not_permitted", "commit 2: epochOpened restricted", "urgent 3", "restored", "a: taken at 3"])
    }
}
