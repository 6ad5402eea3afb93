internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode

/// How a command prints.
struct FormatOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "table, json or jsonl (or PENSTOCK_OUTPUT). (default: table)")
    var output: OutputFormat?

    var chosen: OutputFormat {
        output ?? Surroundings.text("PENSTOCK_OUTPUT").flatMap(OutputFormat.init(rawValue:)) ?? .table
    }

    func validate() throws {
        guard output == nil, let text = Surroundings.text("PENSTOCK_OUTPUT"), OutputFormat(rawValue: text) == nil else {
            return
        }
        throw ValidationError("PENSTOCK_OUTPUT is table, json or jsonl, not '\(Printable.text(text))'")
    }
}

/// Options that every command about a mesh shares.
struct MeshOptions: ParsableArguments {
    @Option(help: "Folder of identities (or PENSTOCK_DIR).")
    var dir: String?

    @Option(name: .customLong("as"), help: "Name of the identity to use (or PENSTOCK_AS).")
    var identity: String?

    @OptionGroup var formats: FormatOptions

    var output: OutputFormat { formats.chosen }

    var folder: MeshFolder {
        get throws {
            guard let path = dir ?? Surroundings.text("PENSTOCK_DIR"), !path.isEmpty else {
                throw NodeError(.configuration, "name the mesh's folder with --dir or PENSTOCK_DIR")
            }
            return MeshFolder(path)
        }
    }

    func client(_ roles: Role...) throws -> LedgerClient {
        try LedgerClient(folder.identity(as: identity ?? Surroundings.text("PENSTOCK_AS"), roles: roles))
    }
}

/// What a revoke, suspend, throttle or reinstate covers, and what a watch shows: exactly one of these.
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

    private var given: [(Selector.Kind, String)] {
        let values: [(Selector.Kind, String?)] = [
            (.grant, grant), (.run, run), (.agent, agent), (.agentClass, agentClass), (.principal, principal),
            (.purpose, purpose),
            (.audience, audience), (.issuer, issuer), (.subtree, subtree), (.node, node), (.all, all ? "" : nil),
        ]
        return values.compactMap { kind, value in value.map { (kind, $0) } }
    }

    var isEmpty: Bool { given.isEmpty }

    var chosen: Selector? {
        guard given.count == 1 else { return nil }
        return Selector(kind: given[0].0, value: given[0].1)
    }

    func validate() throws {
        for (kind, value) in given {
            try Ids.check(value, "--\(kind.name)", mayBeEmpty: kind == .all)
            if let problem = Selector(kind: kind, value: value)?.problem { throw ValidationError(problem) }
        }
    }

    func required() throws -> Selector {
        guard let chosen else {
            throw ValidationError(
                """
                name exactly one of --grant --run --agent --agent-class --principal --purpose --audience --issuer \
                --subtree --node --all
                """
            )
        }
        return chosen
    }
}

/// `KIND=VALUE`, as in `principal=alice`, or `all`: which grants something covers.
struct CoveredText: Formed {
    static let forms = "KIND=VALUE, such as principal=alice or agent-class=coder, or all"

    var selector: Selector

    init?(reading text: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let kind = Selector.Kind.allCases.first(where: { $0.name == parts.first }), kind != .node,
            let selector = Selector(kind: kind, value: parts.count == 2 ? parts[1] : ""), selector.problem == nil
        else { return nil }
        self.selector = selector
    }
}

/// Ids as people give them: what would mislead whoever reads the log is refused before it is sent.
enum Ids {
    static func check(_ text: String?, _ name: String, mayBeEmpty: Bool = false) throws {
        guard let text else { return }
        guard text.isPrintable else {
            throw ValidationError("\(name) has a control character in it: '\(Printable.text(text))'")
        }
        guard mayBeEmpty || !text.isEmpty else { throw ValidationError("\(name) is empty") }
    }

    /// Of a filter that has no wildcard: with one it would find nothing, which reads as if nothing were there.
    static func checkExact(_ text: String?, _ name: String) throws {
        try check(text, name)
        if text?.utf8.contains(UInt8(ascii: "*")) == true {
            throw ValidationError("\(name) names one, exactly: no id has a '*'")
        }
    }
}

/// For what cannot be taken back: whoever is at a terminal is asked, and a script has to say that it is sure.
struct ConfirmationOptions: ParsableArguments {
    @Flag(help: "Do not ask. Needed where no terminal is.") var yes = false
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false

    func validate() throws {
        guard yes || dryRun || isatty(0) == 1 else {
            throw ValidationError("there is no terminal to ask at: say --yes")
        }
    }

    func confirm(_ question: String, _ answer: String, otherwise: String) throws {
        if yes { return }
        Output.message(question)
        guard readLine() == answer else { throw NodeError(.configuration, otherwise) }
    }
}
