import PenstockCore
import PenstockEnforcer
import PenstockNode
internal import PenstockSystem
import PenstockTestSupport

extension Grant {
    /// Everything, for an hour, to whoever has `testCredential`.
    static var ofTests: Grant {
        var grant = Grant()
        (grant.grantID, grant.runID, grant.agentID) = ("g", "r", "a")
        (grant.allowedActions, grant.resources) = (["*"], ["tool:*"])
        (grant.expiresAt, grant.credentialDigest) = (Clocks.wall() + 3_600_000, testDigest)
        return grant
    }
}

extension Enforcer {
    /// Without a ledger, with a view of one grant, and fresh for an hour.
    static func offline(in folder: String, grant: Grant) throws -> Enforcer {
        let address = LedgerAddress(
            name: "ledger", requests: "", log: "", urgent: "", join: "", channelKey: "", signingKey: "")
        let identity = try Identity.makeKeys(
            in: folder + "/node", MemberFile(mesh: "mesh", name: "node", role: .enforcer, ledger: address)
        ).identity
        let enforcer = try Enforcer(
            EnforcerOptions(identity: identity, dataFolder: folder + "/data", journalBytes: 4 << 20))
        var state = LedgerState()
        func event(_ kind: EventKind, by origin: String) -> Event {
            Event(id: .zero, mesh: "mesh", origin: origin, createdAt: Clocks.wall(), kind: kind)
        }
        let issuer = NodeKeys(
            name: "issuer", role: .issuer, signing: [UInt8](repeating: 1, count: 32),
            channel: [UInt8](repeating: 2, count: 32))
        try state.apply(
            event(
                .genesis(
                    [issuer, identity.keys],
                    Settings(maxStalenessMS: 3_600_000, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0)), by: "issuer"),
            at: 1)
        try state.apply(event(.grantIssued(grant), by: "issuer"), at: 2)
        try enforcer.startOffline(state.view)
        enforcer.renewLease(ledgerTime: Clocks.wall())
        return enforcer
    }
}
