internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode

/// Options that every command about a mesh shares.
struct MeshOptions: ParsableArguments {
    @Option(help: "Folder of identities (or PENSTOCK_DIR).")
    var dir: String?

    @Option(name: .customLong("as"), help: "Name of the identity to use.")
    var identity: String?

    @Option(name: .shortAndLong, help: "table, json or jsonl.")
    var output: OutputFormat = .table

    var folder: MeshFolder {
        get throws {
            guard let path = dir ?? ProcessInfo.processInfo.environment["PENSTOCK_DIR"], !path.isEmpty else {
                throw NodeError(.configuration, "name the mesh's folder with --dir or PENSTOCK_DIR")
            }
            return MeshFolder(path)
        }
    }

    func client(_ roles: Role...) throws -> LedgerClient {
        try LedgerClient(folder.identity(as: identity, roles: roles))
    }
}

/// What a revoke, suspend, throttle or reinstate covers: exactly one of these.
struct SelectorOptions: ParsableArguments {
    @Option(help: "A grant's id.") var grant: String?
    @Option(help: "A run: all grants that share it.") var run: String?
    @Option(help: "An agent.") var agent: String?
    @Option(help: "A class of agents.") var agentClass: String?
    @Option(help: "A principal: who delegated.") var principal: String?
    @Option(help: "A purpose.") var purpose: String?
    @Option(help: "A destination service.") var audience: String?
    @Option(help: "An issuer, by its node name.") var issuer: String?
    @Option(help: "A grant and everything delegated from it.") var subtree: String?
    @Option(help: "An enforcement node: it denies everything.") var node: String?
    @Flag(help: "Everything.") var all = false

    var chosen: Selector? {
        let values: [(Selector.Kind, String?)] = [
            (.grant, grant), (.run, run), (.agent, agent), (.agentClass, agentClass), (.principal, principal), (.purpose, purpose),
            (.audience, audience), (.issuer, issuer), (.subtree, subtree), (.node, node), (.all, all ? "" : nil),
        ]
        let given = values.filter { $0.1 != nil }
        guard given.count == 1 else { return nil }
        return Selector(kind: given[0].0, value: given[0].1!)
    }

    func required() throws -> Selector {
        guard let chosen else { throw ValidationError("name exactly one of --grant --run --agent --agent-class --principal --purpose --audience --issuer --subtree --node --all") }
        return chosen
    }
}
