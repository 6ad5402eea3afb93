import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockGatekeeper
import PenstockTestSupport
import Testing

/// What an enforcer does once nothing talks to the ledger any more.
@Suite struct LinkFailureTests {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "broken" }
    }

    @Test(.timeLimit(.minutes(1))) func callsThatWaitAreAnsweredWhenTheLinkEnds() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let enforcer = try Enforcer.offline(in: folder, grant: .ofTests)
        let cancellations = enforcer.cancellations()
        var call = Call(Presented(testDigest), action: "x", resourceType: "tool", resourceID: "x")
        #expect(await enforcer.check(call, patience: .zero).isAllow)
        call.atLeast = 1_000
        let later = call
        let waiting = Task { await enforcer.check(later, patience: .seconds(3_000)) }
        try await Task.sleep(for: .milliseconds(200))
        enforcer.follow { throw Broken() }
        #expect(await waiting.value.reason == .noView)
        #expect(enforcer.health().halted == "the link to the ledger failed: broken")
        for await _ in cancellations {}
        enforcer.stop()
    }
}
