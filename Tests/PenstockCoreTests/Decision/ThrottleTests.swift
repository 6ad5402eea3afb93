import PenstockCore
import Testing

/// A throttle of so many calls a window is a rate for as long as it stands: kept over all nodes together.
@Suite struct ThrottleTests {
    /// Nodes, and the ledger's table that gives them their parts.
    private struct Mesh {
        var nodes: [DecidingNode]
        var table = RateTable(epoch: 1, startedAt: 0, bound: Make.milliseconds(1100))
        var nonce: UInt64 = 1000

        init(_ count: Int, _ grants: [Grant]) throws { nodes = try (0..<count).map { _ in try DecidingNode(grants) } }

        mutating func add(_ kind: EventKind) throws -> Digest {
            var id = Digest.zero
            for index in nodes.indices { id = try nodes[index].add(kind) }
            return id
        }

        mutating func pass(_ milliseconds: Int64) {
            for _ in 0..<max(1, milliseconds / 25) {
                for index in nodes.indices {
                    nodes[index].now += Make.milliseconds(25)
                    nonce += 1
                    let (view, now) = (nodes[index].enforcement.view, nodes[index].now)
                    let statement = nodes[index].enforcement.rateStatement(at: now)
                    let told = table.answer(statement, of: Make.incarnation(UInt64(index + 1)), at: now) { key in
                        view.rate(key).map { .init($0.rate, isOfThisProcess: true) }
                    }
                    nodes[index].enforcement.echoSent(nonce: nonce, at: now)
                    _ = nodes[index].enforcement.echoAnswered(
                        EchoReply(nonce: nonce, epoch: 1, head: view.position, ledgerTime: Make.wall, rates: told),
                        at: now)
                }
            }
        }

        /// What was allowed of calls at every node, one after another, for so long.
        mutating func allowed(for milliseconds: Int64, grants: [String] = ["g"]) -> Int {
            var count = 0
            for _ in 0..<max(1, milliseconds / 25) {
                for grant in grants {
                    for index in nodes.indices { count += nodes[index].reason(Make.call(grant)) == .none ? 1 : 0 }
                }
                pass(25)
            }
            return count
        }
    }

    private func throttle(_ selector: Selector, _ calls: UInt32, _ windowMS: UInt32 = 60_000) -> EventKind {
        Make.revoke(selector, .throttle(calls: calls, windowMS: windowMS))
    }

    @Test(arguments: 1...4) func soManyOverAllNodesTogether(count: Int) throws {
        var mesh = try Mesh(count, [Make.grant("g")])
        _ = try mesh.add(throttle(.run("run-g"), 8))
        let allowed = mesh.allowed(for: 3000)
        #expect((4...8).contains(allowed), "of 8 in a minute, \(count) nodes allowed \(allowed)")
        mesh.pass(30_000)
        let later = mesh.allowed(for: 1000)
        #expect((1...5).contains(later), "half a window brings half of it")
    }

    /// What is shorter than a rate's period counts as well.
    @Test func aWindowOfMillisecondsIsKept() throws {
        var mesh = try Mesh(2, [Make.grant("g")])
        _ = try mesh.add(throttle(.all, 1, 30))
        let allowed = mesh.allowed(for: 1000)
        #expect((15...35).contains(allowed))
    }

    @Test func grantsUnderOneThrottleShareIt() throws {
        var mesh = try Mesh(2, [Make.grant("g"), Make.grant("h"), Make.grant("i") { $0.agentID = "other" }])
        _ = try mesh.add(throttle(.issuer("issuer"), 6))
        let allowed = mesh.allowed(for: 2000, grants: ["g", "h"])
        #expect((3...6).contains(allowed))
    }

    @Test func aNodeIsThrottledByItself() throws {
        var mesh = try Mesh(1, [Make.grant("g")])
        _ = try mesh.add(throttle(.node("n2"), 0))
        _ = try mesh.add(throttle(.run("run-h"), 0))
        let before = mesh.allowed(for: 100)
        _ = try mesh.add(throttle(.node("n1"), 2))
        let after = mesh.allowed(for: 1000)
        #expect(before == 4 && (1...2).contains(after))
    }

    @Test func theTightestDecidesAndEndsWhenItIsLifted() throws {
        var mesh = try Mesh(1, [Make.grant("g")])
        _ = try mesh.add(throttle(.all, 1000, 1000))
        let tight = try mesh.add(throttle(.run("run-g"), 1))
        let first = mesh.allowed(for: 1000)
        #expect(first == 1)
        let verdict = mesh.nodes[0].decide(Make.call())
        #expect(verdict.reason == .rateLimited && verdict.shortage?.kind == .rate)
        #expect((Make.milliseconds(50_000)...Make.milliseconds(60_100)).contains(verdict.retryAfter))
        _ = try mesh.add(Make.lift(tight))
        let after = mesh.allowed(for: 500)
        #expect(after > 10)
    }

    /// Older logs may have one of no calls: it leaves none.
    @Test func oneOfNoCallsLeavesNone() throws {
        var mesh = try Mesh(1, [Make.grant("g")])
        let stop = try mesh.add(throttle(.all, 0))
        let (stopped, reason) = (mesh.allowed(for: 500), mesh.nodes[0].reason(Make.call()))
        #expect(stopped == 0 && reason == .rateLimited)
        _ = try mesh.add(Make.lift(stop))
        let lifted = mesh.allowed(for: 100)
        #expect(lifted == 4)
    }

    /// It takes effect on sight, ahead of its position.
    @Test func urgentlyItHoldsAtOnce() throws {
        let mesh = try Mesh(1, [Make.grant("g")])
        let before = mesh.nodes[0].reason(Make.call())
        let position = mesh.nodes[0].position + 1
        let event = Make.event(Make.id("event \(position)"), throttle(.all, 1))
        let isNew = mesh.nodes[0].enforcement.applyAhead(event, at: position)
        let after = mesh.nodes[0].reason(Make.call())
        #expect(before == .none && isNew && after != .none)
    }

    @Test func deniedCallsAreNotCounted() throws {
        var mesh = try Mesh(1, [Make.grant("g") { $0.budgets = [Amount("usd", 9)] }])
        _ = try mesh.add(throttle(.all, 1))
        _ = mesh.nodes[0].reason(Make.call())
        mesh.pass(300)
        let calls = [
            Make.call { $0.action = "mail" }, Make.call { $0.amounts = CallAmounts([Amount("usd", 1)])! }, Make.call(),
            Make.call(),
        ]
        var reasons: [Reason] = []
        for call in calls { reasons.append(mesh.nodes[0].reason(call)) }
        #expect(reasons == [.actionNotAllowed, .budgetPending, .none, .rateLimited])
    }
}
