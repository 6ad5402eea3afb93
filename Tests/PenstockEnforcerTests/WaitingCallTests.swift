import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockTestSupport
import Testing

@testable import PenstockEnforcer

/// Calls that wait in an enforcer for what may still come.
@Suite struct WaitingCallTests {
    private let folder = temporaryFolder()

    private func call(tokens: Int64? = nil) -> Call {
        var call = Call(Presented(testDigest), action: "x", resourceType: "tool", resourceID: "x")
        if let tokens { call.amounts.add(Amount("tokens", tokens)) }
        return call
    }

    private func end(_ enforcer: Enforcer) {
        enforcer.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test(.timeLimit(.minutes(5))) func callWaitsForASliceOfItsOwnGrant() async throws {
        var grant = Grant.ofTests
        grant.budgets = [Amount("tokens", 100)]
        let enforcer = try Enforcer.offline(in: folder, grant: grant)
        defer { end(enforcer) }
        let asked = call(tokens: 10)
        let waiting = Task { await enforcer.check(asked, patience: .seconds(3_000)) }
        while enforcer.waiters.count == 0 { await Task.yield() }
        enforcer.waiters.wake([.slices(grant: 1), .rates, .view, .debts])
        #expect(enforcer.waiters.count == 1)
        enforcer.fund(grant: 0, unit: "tokens", amount: 50, slice: 3)
        enforcer.waiters.wake([.slices(grant: 0)])
        let decision = await waiting.value
        #expect(decision.isAllow && decision.remaining == [Amount("tokens", 40)])
        #expect(enforcer.waiters.count == 0)
    }

    @Test(.timeLimit(.minutes(5))) func callerWhoHasGoneLeavesNothingBehind() async throws {
        let enforcer = try Enforcer.offline(in: folder, grant: .ofTests)
        defer { end(enforcer) }
        var asked = call()
        asked.atLeast = 1_000
        let later = asked
        let waiting = Task { await enforcer.check(later, patience: .seconds(3_000)) }
        while enforcer.waiters.count == 0 { await Task.yield() }
        waiting.cancel()
        #expect(await !waiting.value.isAllow)
        #expect(enforcer.waiters.count == 0)
    }

    /// Past the part of one grant a call is denied, whatever it would wait for; what needs no news is decided.
    @Test(.timeLimit(.minutes(5))) func tooManyAreRefusedAsBusy() async throws {
        var grant = Grant.ofTests
        grant.budgets = [Amount("tokens", 100)]
        let enforcer = try Enforcer.offline(in: folder, grant: grant)
        defer { end(enforcer) }
        var taken = 0
        while enforcer.waiters.ticket(for: .view, of: testDigest, until: .max, at: 0) != nil { taken += 1 }
        #expect(taken == Limits.callsWaitingPerGrant)
        var later = call()
        later.atLeast = 1_000
        for asked in [later, call(tokens: 10)] {
            let decision = await enforcer.check(asked, patience: .seconds(3_000))
            #expect(decision.reason == .busy && decision.retryAfterMS > 0 && decision.grantID == "g")
            #expect(decision.decisionID != "")
        }
        #expect(await enforcer.check(call(), patience: .seconds(3_000)).isAllow)
        #expect(enforcer.waiters.count == taken)
        enforcer.waiters.wakeAll()
        enforcer.fund(grant: 0, unit: "tokens", amount: 50, slice: 3)
        #expect(await enforcer.check(call(tokens: 10), patience: .seconds(3_000)).isAllow)
    }
}
