import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockNode
import Testing

/// What an enforcer does once nothing talks to the ledger any more.
@Suite struct LinkFailureTests {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "broken" }
    }

    private static let grant: Grant = {
        var grant = Grant()
        (grant.grantID, grant.runID, grant.agentID) = ("g", "r", "a")
        (grant.allowedActions, grant.resources) = (["*"], ["tool:*"])
        (grant.expiresAt, grant.credentialDigest) = (Clocks.wall() + 3_600_000, testDigest)
        return grant
    }()

    /// Fresh for an hour.
    private func enforcer(in folder: String) throws -> Enforcer {
        let address = LedgerAddress(name: "ledger", requests: "", log: "", urgent: "", join: "", channelKey: "", signingKey: "")
        let identity = try Identity.makeKeys(in: folder + "/node", MemberFile(mesh: "mesh", name: "node", role: .enforcer, ledger: address)).identity
        let enforcer = try Enforcer(EnforcerOptions(identity: identity, dataFolder: folder + "/data", journalBytes: 4 << 20))
        var state = LedgerState()
        func event(_ kind: EventKind, by origin: String) -> Event { Event(id: .zero, mesh: "mesh", origin: origin, createdAt: Clocks.wall(), kind: kind) }
        let issuer = NodeKeys(name: "issuer", role: .issuer, signing: [UInt8](repeating: 1, count: 32), channel: [UInt8](repeating: 2, count: 32))
        try state.apply(event(.genesis([issuer, identity.keys], Settings(maxStalenessMS: 3_600_000, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0)), by: "issuer"), at: 1)
        try state.apply(event(.grantIssued(Self.grant), by: "issuer"), at: 2)
        try enforcer.startOffline(state.view)
        enforcer.renewLease(ledgerTime: Clocks.wall())
        return enforcer
    }

    @Test(.timeLimit(.minutes(1))) func callsThatWaitAreAnsweredWhenTheLinkEnds() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-link-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let enforcer = try enforcer(in: folder)
        let cancellations = enforcer.cancellations()
        var call = Call(credential: testDigest, action: "x", resourceType: "tool", resourceID: "x")
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
