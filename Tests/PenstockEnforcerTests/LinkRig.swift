import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockNode
import PenstockSystem
import PenstockTestSupport
import PenstockTransport

@testable import PenstockEnforcer

/// A node's link whose ledger is a test: nothing listens at its sockets, and it has the view of a mesh that was just
/// founded. Used on one thread.
final class LinkRig {
    let folder = temporaryFolder()
    let node: Identity
    let link: Link
    private let members: [Role: Identity]
    private let enforcer: Enforcer
    private var issued = 0

    init() throws {
        let folder = folder
        func endpoint(_ name: String) -> String { "ipc://\(folder)/\(name)" }
        func identity(_ name: String, _ role: Role, _ address: LedgerAddress) throws -> Identity {
            try Identity.makeKeys(
                in: "\(folder)/\(name)", MemberFile(mesh: "mesh", name: name, role: role, ledger: address)
            ).identity
        }
        var address = LedgerAddress(
            name: "ledger", requests: endpoint("r"), log: endpoint("l"), urgent: endpoint("u"), join: endpoint("j"),
            channelKey: "", signingKey: "")
        let ledger = try identity("ledger", .ledger, address)
        address.channelKey = ledger.channel.publicText
        address.signingKey = Hex.encode(ledger.keys.signing)
        node = try identity("node", .enforcer, address)
        members = [
            .ledger: ledger, .issuer: try identity("issuer", .issuer, address),
            .operator: try identity("operator", .operator, address),
        ]
        enforcer = try Enforcer(
            EnforcerOptions(identity: node, dataFolder: folder + "/data", journalBytes: 4 << 20))
        try enforcer.prepareJournal()
        link = try Link(enforcer)
        passTime()
        var view = View()
        try view.apply(
            Event(
                id: .zero, mesh: "mesh", origin: "ledger", createdAt: Clocks.wall(),
                kind: .genesis(members.values.map(\.keys) + [node.keys], .standard)), at: 1)
        link.take(.snapshot(view, root: .zero, head: 1))
        link.perform()
    }

    deinit {
        enforcer.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What it has seen before is nothing, so that it takes a snapshot.
    private func passTime() {
        enforcer.state.withAll {
            link.follower.passTime(
                &$0, Recorder(enforcer.journal), echoWanted: false, at: Clocks.now(), random: { 1 })
        }
    }

    func sign(_ kind: EventKind, by identity: Identity, as name: String? = nil) -> Data {
        let signer = EventSigner(mesh: "mesh", name: name ?? identity.name, key: identity.signing)
        return Data(signer.sign(kind, at: Clocks.wall()).entry)
    }

    func sign(_ kind: EventKind, by role: Role) -> Data { sign(kind, by: members[role]!) }

    func grants(_ count: Int, by identity: Identity? = nil, as name: String? = nil) -> [Data] {
        (0..<count).map { _ in
            issued += 1
            var grant = Grant.ofTests
            (grant.grantID, grant.runID) = ("g\(issued)", "r\(issued)")
            grant.credentialDigest = fakeHash(Array("\(issued)".utf8))
            return sign(.grantIssued(grant), by: identity ?? members[.issuer]!, as: name)
        }
    }

    /// An identity of nobody yet.
    func stranger(_ name: String, _ role: Role) throws -> Identity {
        try Identity.makeKeys(
            in: "\(folder)/\(name)", MemberFile(mesh: "mesh", name: name, role: role, ledger: node.member.ledger)
        ).identity
    }

    var applied: Position { link.follower.applied }
    var halted: String? { enforcer.health().halted }
}
