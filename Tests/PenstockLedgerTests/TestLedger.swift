import Foundation
import PenstockCore
import PenstockCrypto
import PenstockLedger
import PenstockNode
import PenstockProto
internal import PenstockSystem
import PenstockTestSupport
import PenstockTransport
import PenstockWire
import SwiftProtobuf

/// A ledger of this process, on sockets in a folder of its own, with one member of each role.
final class TestLedger: Sendable {
    let folder: String
    private let node: LedgerNode
    private let identities: [Role: Identity]

    init() async throws {
        folder = NSTemporaryDirectory() + "/l-\(UUID().uuidString.prefix(8))"
        try PrivateFile.makeFolder(folder)
        let folder = folder
        func endpoint(_ name: String) -> String { "ipc://\(folder)/\(name)" }
        func identity(_ role: Role, _ ledger: LedgerAddress) throws -> Identity {
            try Identity.makeKeys(
                in: "\(folder)/\(role.name)",
                MemberFile(mesh: "test", name: role.name, role: role, ledger: ledger)
            ).identity
        }
        let address = LedgerAddress(
            name: "ledger", requests: endpoint("r"), log: endpoint("l"), urgent: endpoint("u"), join: endpoint("j"),
            channelKey: "", signingKey: "")
        var ledger = try identity(.ledger, address)
        ledger.member.ledger.channelKey = ledger.channel.publicText
        ledger.member.ledger.signingKey = Hex.encode(ledger.signing.publicKey.bytes)
        var identities = [Role.ledger: ledger]
        for role in Role.allCases where role != .ledger { identities[role] = try identity(role, ledger.member.ledger) }
        self.identities = identities
        try LedgerNode.found(
            dataFolder: folder + "/data", ledger: ledger,
            members: [ledger.keys]
                + Role.allCases.filter { $0 != .ledger }.map { identities[$0]!.keys }, settings: .standard)
        node = try LedgerNode(LedgerOptions(identity: ledger, dataFolder: folder + "/data"))
        try await node.start()
    }

    func stop() {
        node.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func client(_ role: Role) throws -> LedgerClient { try LedgerClient(identities[role]!) }
}

/// Runs a body with a ledger that is stopped afterwards.
func withLedger(_ body: (TestLedger) async throws -> Void) async throws {
    try await withTaskExecutorPreference(BlockingExecutor()) {
        let ledger = try await TestLedger()
        defer { ledger.stop() }
        try await body(ledger)
    }
}

extension LedgerClient {
    @discardableResult
    func issue(_ id: String, _ change: (inout Grant) -> Void = { _ in }) throws -> Position {
        var grant = Grant()
        (grant.grantID, grant.runID, grant.agentID) = (id, "run-\(id)", "agent")
        (grant.allowedActions, grant.resources) = (["pay"], ["invoice:*"])
        grant.expiresAt = Clocks.wall() + 3_600_000
        grant.credentialDigest = Credential.generate().digest
        change(&grant)
        return try submit(.grantIssued(grant)).0.position
    }

    @discardableResult
    func restrict(_ selector: Selector, _ level: Restriction.Level = .revoke) throws -> Penstock_V1_Submitted {
        try submit(.restricted(Restriction(level: level, selector: selector, reason: "test", expiresAt: 0))).0
    }

    func page(_ query: Penstock_V1_GrantQuery) throws -> Penstock_V1_GrantPage {
        guard case .grants(let page) = try ask(.grants(query)) else { throw unexpected }
        return page
    }

    /// The code of what a question is refused with; nil where it is answered.
    func refusal(_ kind: Request.OneOf_Kind) throws -> Refusal.Code? {
        do {
            _ = try ask(kind)
            return nil
        } catch let refusal as Refusal {
            return refusal.code
        }
    }
}
