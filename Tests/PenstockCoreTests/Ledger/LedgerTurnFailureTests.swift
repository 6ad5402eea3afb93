internal import PenstockCore
internal import Testing

/// The order of a turn whose commit, or whose read, fails.
@Suite struct LedgerTurnFailureTests {
    private let issuer = Make.node("issuer", .issuer)

    private let grant = EventKind.grantIssued(Make.grant("g") { $0.budgets = [Amount("usd", 100)] })
    private let full = LedgerCommit.Outcome.full("no room", fits: .restrictions)

    @Test func failedCommitTellsNothingAndIsFinal() throws {
        var shell = try LedgerTurnShell()
        shell.disk = [full, .durable(room: .everything)]
        #expect(
            shell.run([.submit(grant, "grant", by: issuer), .echo(2)], at: 0)
                == ["fail 3: grantIssued", "grant: full", "n1: echo of 2"], "its lease goes on")
        #expect(shell.turn.ledger.state.view.grants.isEmpty)
        #expect(shell.run(at: Make.milliseconds(1000)) == [], "it is not tried again")
        _ = shell.turn.storeTakes(.everything, isProven: false, at: Make.milliseconds(1000))
        #expect(
            shell.run([.submit(grant, "grant", by: issuer)], at: Make.milliseconds(1000))
                == ["commit 3: grantIssued", "log 3 to 3", "grant: taken at 3"])
    }

    @Test func restrictionDoesNotFailWithOthers() throws {
        var shell = try LedgerTurnShell()
        shell.disk = [full, .durable(room: .restrictions)]
        #expect(
            shell.run([.submit(grant, "grant", by: issuer), .revoke("a")], at: 0)
                == [
                    "fail 3: grantIssued restricted", "grant: full", "commit 3: restricted", "urgent 3",
                    "a: taken at 3",
                ])
    }

    @Test func restrictionThatCameTwiceDoesNotFailWithOthers() throws {
        var shell = try LedgerTurnShell()
        shell.disk = [full, .durable(room: .restrictions)]
        #expect(
            shell.run([.submit(grant, "grant", by: issuer), .revoke("a"), .revoke("a")], at: 0)
                == [
                    "fail 3: grantIssued restricted", "grant: full", "commit 3: restricted", "urgent 3",
                    "a: taken at 3", "a: taken at 3 before",
                ])
    }

    @Test func noLeaseOnceARestrictionHasFailed() throws {
        var shell = try LedgerTurnShell()
        shell.disk = [full]
        #expect(shell.run([.revoke("a"), .echo(2)], at: 0) == ["fail 3: restricted", "a: full", "n1: full"])
        #expect(shell.run([.revoke("b"), .echo(2)], at: 10) == ["b: full", "n1: full"])
    }

    @Test func unknownOutcomeHalts() throws {
        var shell = try LedgerTurnShell()
        shell.disk = [.unknown("the disk is gone")]
        #expect(
            shell.run([.submit(grant, "grant", by: issuer), .echo(2)], at: 0)
                == ["fail 3: grantIssued", "grant: halted", "n1: halted", "halt"])
        #expect(shell.run([.revoke("a")], at: 0) == ["a: halted"])
    }

    @Test func unreadableHeadRefusesEchoesAndHaltsNothing() throws {
        var shell = try LedgerTurnShell()
        shell.isHeadReadable = false
        #expect(
            shell.run([.submit(grant, "grant", by: issuer), .echo(2)], at: 0).suffix(2) == [
                "grant: taken at 3", "n1: unavailable",
            ])
        shell.isHeadReadable = true
        #expect(shell.run([.echo(3)], at: 0) == ["n1: echo of 3"])
        shell.headEpoch = 8
        #expect(shell.run([.echo(3)], at: 0) == ["n1: halted", "halt"])
    }

    @Test func epochIsSaidAgainAfterACommitThatFailed() throws {
        var shell = try LedgerTurnShell(restored: true)
        let words = ["n1", "n2"].enumerated().map { number, name in
            LedgerInput.acknowledge(
                NodeProgress(incarnation: Make.incarnation(UInt64(number) + 1), applied: 1, heard: 1), agrees: true,
                Caller(route: name, sender: Make.node(name, .enforcer), id: 1))
        }
        shell.disk = [full, .durable(room: .everything)]
        #expect(shell.run(words, at: 0) == ["n1: not_permitted", "n2: not_permitted", "fail 2: epochOpened"])
        #expect(shell.run(at: 10) == [], "no restriction fits")
        _ = shell.turn.storeTakes(.everything, isProven: true, at: .nanosecondsPerSecond)
        #expect(shell.run(at: .nanosecondsPerSecond) == ["commit 2: epochOpened", "restored", "log 2 to 2"])
    }
}
