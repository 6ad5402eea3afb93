internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockGatekeeper
internal import PenstockHTTP
internal import PenstockNode

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Ask an enforcer for one decision. Exit status 0 allowed, 3 denied.",
        discussion:
            """
            Example: penstock check --credential-file cred --action tools/call --resource tool:git_log --amount \
            calls=1
            """
    )
    @OptionGroup var mesh: MeshOptions
    @Option(help: "File with the credential; - is standard input (or PENSTOCK_CREDENTIAL_FILE).") var credentialFile:
        String?
    @Option(help: "The action.") var action: String
    @Option(help: "TYPE:ID") var resource: String?
    @Option(help: "k=v, for the grant's conditions. Repeatable.") var attribute: [String] = []
    @Option(help: "UNIT=N, spent at once. Repeatable.") var amount: [AmountText] = []
    @Option(help: "Makes a retry the same call.") var callId = ""
    @Option(help: "The view must have applied this position.") var atLeast: UInt64 = 0
    @Option(
        help: "unix:PATH or http://HOST:PORT (loopback); the first enforcer in DIR when absent (or PENSTOCK_ENFORCER).")
    var enforcer: String?

    func run() async throws {
        let parts = resource.map { $0.split(separator: ":", maxSplits: 1).map(String.init) } ?? ["", ""]
        guard parts.count == 2 else { throw ValidationError("--resource is TYPE:ID") }
        var attributes: [String: String] = [:]
        for text in attribute {
            let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2 else { throw ValidationError("--attribute is k=v") }
            guard attributes[pair[0]] == nil else { throw ValidationError("--attribute \(pair[0]) comes twice") }
            // A number is written in one way, as doors do.
            attributes[pair[0]] = ExactNumber.canonical(pair[1]) ?? pair[1]
        }
        guard let credentialFile = credentialFile ?? Surroundings.text("PENSTOCK_CREDENTIAL_FILE") else {
            throw ValidationError("name the credential's file with --credential-file or PENSTOCK_CREDENTIAL_FILE")
        }
        guard let amounts = CallAmounts(declared: amount.map { Amount($0.unit, $0.value) }) else {
            throw ValidationError("at most 4 amounts, each unit once")
        }
        try await Failure.run(mesh.output) {
            let credential = try Credentials.read(credentialFile)
            let call = Call(
                Presented(Credential.digest(of: credential) ?? .zero), action: action, resourceType: parts[0],
                resourceID: parts[1], amounts: amounts,
                attributes: attributes, callID: callId, atLeast: atLeast)
            guard Credential.digest(of: credential) != nil else {
                throw NodeError(
                    .configuration,
                    """
                    \(credentialFile == "-" ? "standard input" : credentialFile) holds no credential; it starts \
                    with pst_ and has 53 characters
                    """
                )
            }
            let endpoint = try endpoint()
            let gatekeeper: RemoteGatekeeper
            do { gatekeeper = try RemoteGatekeeper(endpoint: endpoint, credential: credential, hashing: .real) } catch {
                throw NodeError(.configuration, "\(error)")
            }
            let decision = await gatekeeper.check(call, patience: .seconds(2))
            // A gatekeeper denies what it cannot ask about; whoever asks here wants to know which it was.
            if decision.reason == .noView, decision.decisionID.isEmpty, await !gatekeeper.isReachable() {
                throw NodeError(.unreachable, "no enforcer answers at \(endpoint); is it running?")
            }
            let view = DecisionView(decision)
            if decision.isAllow { Changes.add("the call is allowed and spent, decision \(decision.decisionID)") }
            try Output.print(view, mesh.output) { view.table }
            if !decision.isAllow { throw Exit.denied }
        }
    }

    private func endpoint() throws -> String {
        if let enforcer = enforcer ?? Surroundings.text("PENSTOCK_ENFORCER") {
            return try EnforcerPlace.endpoint(enforcer, EnforcerPlace.fromHere)
        }
        let folder = try mesh.folder
        for name in folder.names() where FileManager.default.fileExists(atPath: folder.folder(name) + "/enforcer.sock")
        {
            return "unix:" + EnforcerPlace.fromHere(folder.folder(name) + "/enforcer.sock")
        }
        throw NodeError(.notFound, "no enforcer has a socket in \(folder.path); name one with --enforcer")
    }
}

enum Credentials {
    static func read(_ path: String) throws(NodeError) -> String {
        path == "-" ? try PrivateFile.readStandardInput() : try PrivateFile.read(path)
    }
}

/// A decision as `check` prints it.
struct DecisionView: Encodable {
    struct Permit: Encodable {
        var id: String
        var validForMs: Int64
    }

    var decision: String
    var reason: String
    var reasonCode: UInt16
    var transient: Bool
    var grantId: String
    var position: UInt64
    var viewAgeMs: Int64
    var permit: Permit?
    var remaining: [String: Int64]
    var decisionId: String
    var retryAfterMs: Int64
    var limit: Limit?
    private var limitText: String?

    private enum CodingKeys: String, CodingKey {
        case decision, reason, reasonCode, transient, grantId, position, viewAgeMs, permit, remaining, decisionId,
            retryAfterMs, limit
    }

    /// Which limit denied it, and what could still be had of it.
    struct Limit: Encodable {
        var kind: String
        var name: String
        var unit: String
        var couldGet: Int64?
        var heldHere: Int64
        var heldElsewhere: Int64
    }

    init(_ decision: Decision) {
        self.decision = decision.isAllow ? "allow" : "deny"
        (reason, reasonCode, transient) = (decision.reason.name, decision.reason.rawValue, decision.isTransient)
        (grantId, position, viewAgeMs, decisionId) = (
            decision.grantID, decision.position, decision.viewAgeMS, decision.decisionID
        )
        permit = decision.isAllow ? Permit(id: decision.permitID, validForMs: decision.validForMS) : nil
        remaining = Dictionary(decision.remaining.map { ($0.unit, $0.value) }, uniquingKeysWith: max)
        retryAfterMs = decision.retryAfterMS
        limit = decision.shortage.map {
            .init(
                kind: $0.kind.rawValue, name: $0.name, unit: $0.unit, couldGet: $0.couldGet, heldHere: $0.heldHere,
                heldElsewhere: $0.heldElsewhere)
        }
        limitText = decision.shortage?.explanation
    }

    var table: [[String]] {
        [
            [
                decision == "allow"
                    ? "allow"
                    : """
                    deny: \
                    \(reason)\
                    \(transient ? retryAfterMs > 0 ? " (may pass in \(retryAfterMs) ms)" : " (may pass later)" : "")
                    """
            ]
        ]
            + (limitText.map { [[$0]] } ?? [])
            + [["decision \(decisionId), position \(position), view at most \(viewAgeMs) ms old"]]
            + remaining.sorted { $0.key < $1.key }.map { ["this node still holds \($0.value) \($0.key)"] }
    }
}
