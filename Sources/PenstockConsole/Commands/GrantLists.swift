internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

extension GrantCommand {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "One grant, as the log has it.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The grant's id.") var id: String

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.issuer, .operator, .auditor)
                guard !id.isEmpty, let found = try client.grant(id) else {
                    throw NodeError(.notFound, "no grant \(id)")
                }
                let row = try GrantView(found, issued: client.grant(issuedAt: found.grant.position))
                try Output.print(row, mesh.output) { row.fields }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "All grants, newest last.",
            discussion: """
                Each filter is exact, and all of them must hold. A child has its run and principal from its parent.
                --covered-by finds what a restriction of that selector would stand on: also what was delegated from it.
                """)
        @OptionGroup var mesh: MeshOptions
        @OptionGroup var filter: GrantFilterOptions
        @OptionGroup var page: PageOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.issuer, .operator, .auditor)
                var query = filter.query
                query.after = page.cursor ?? 0
                let list = ListWriter<GrantView>(mesh.output, GrantView.heading)
                let next = try client.grants(query, limit: page.most) { try list.write($0.map { try GrantView($0) }) }
                try list.finish()
                query.after = next
                if next != 0, try client.count(query, most: 1) > 0 { PageOptions.sayMore(next) }
            }
        }
    }
}

/// Which grants are meant.
struct GrantFilterOptions: ParsableArguments {
    @Option(help: "Only this grant.") var grant: String?
    @Option(help: "Only this agent's.") var agent: String?
    @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?
    @Option(help: "Only of this class of agents.") var agentClass: String?
    @Option(help: "Only this principal's.") var principal: String?
    @Option(help: "Only for this purpose.") var purpose: String?
    @Option(help: "Only for this audience.") var audience: String?
    @Option(help: "Only of this issuer.") var issuer: String?
    @Option(help: "Only this grant and what was delegated from it.") var subtree: String?
    @Option(help: "Only what a restriction would stand on: KIND=VALUE, as in principal=alice, or all.") var coveredBy:
        CoveredText?
    @Option(help: "Only of this state: \(GrantView.states.joined(separator: ", ")).") var state: String?
    @Option(help: "Only those that end before then: an RFC 3339 time, or how long ago, as in 15m.")
    var expiresBefore: TimeText?

    func validate() throws {
        let filters = [
            ("--grant", grant), ("--agent", agent), ("--run", runID), ("--agent-class", agentClass),
            ("--principal", principal), ("--purpose", purpose),
            ("--audience", audience), ("--issuer", issuer), ("--subtree", subtree),
        ]
        for (flag, text) in filters { try Ids.checkExact(text, flag) }
        if subtree != nil, coveredBy != nil { throw ValidationError("name one of --subtree and --covered-by") }
        if let state, !GrantView.states.contains(state) {
            throw ValidationError("--state is one of \(GrantView.states.joined(separator: ", "))")
        }
    }

    var query: Penstock_V1_GrantQuery {
        .with {
            ($0.grantID, $0.agentID, $0.runID, $0.agentClass) = (
                grant ?? "", agent ?? "", runID ?? "", agentClass ?? ""
            )
            ($0.principalID, $0.purpose, $0.audience, $0.issuer) = (
                principal ?? "", purpose ?? "", audience ?? "", issuer ?? ""
            )
            if let selector = subtree.map(Selector.subtree) ?? coveredBy?.selector { $0.coveredBy = selector.proto }
            $0.states = View.GrantState.allCases.filter { $0.name == state }.map(\.proto)
            $0.expiresBeforeMs = expiresBefore?.milliseconds ?? 0
        }
    }
}

extension GrantView: TableRow {
    static let heading = ["GRANT", "RUN", "AGENT", "PRINCIPAL", "STATE", "EXPIRES"]

    var columns: [String] { [grantId, runId, agentId, principalId, state, expiresAt] }
}

extension LedgerClient {
    /// The grant that the event of a position issues; nil where it issues none.
    fileprivate func grant(issuedAt position: Position) throws -> Grant? {
        guard case .grantIssued(let grant)? = try event(at: position)?.kind else { return nil }
        return grant
    }
}
