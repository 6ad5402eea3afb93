internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto

struct GrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Authority for agent runs.", subcommands: [Issue.self, Show.self, List.self, Renew.self])

    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a grant. Prints the credential once; the log holds only its digest.",
            discussion: """
                Example: penstock grant issue --agent builder --allow tools/call --resource 'tool:*' --ttl 15m --budget calls=1000

                --file takes a JSON object in place of all these flags. agent_id and allowed_actions must be there; 'grant show -o
                json' has the same names. Its members:
                \(GrantFile.members.map { "  \($0.name): \($0.what)" }.joined(separator: "\n"))
                """)
        @OptionGroup var mesh: MeshOptions
        @Option(help: "The agent.") var agent: String?
        @Option(help: "Its class.") var agentClass: String?
        @Option(help: "Who delegated.") var principal: String?
        @Option(help: "What for.") var purpose: String?
        @Option(help: "Destination service that it is good for; without it, any.") var audience: String?
        @Option(help: "SPIFFE id of the workload that may use it; without it, any.") var workload: String?
        @Option(help: "An action, exact or ending in '*'. Repeatable.") var allow: [String] = []
        @Option(help: "'TYPE:PATTERN', exact or ending in '*'. Repeatable.") var resource: [String] = []
        @Option(help: "'PATH OP VALUE' with OP one of == != < <= > >= ^=. Repeatable.") var when: [String] = []
        @Option(help: "Lifetime. (default: 15m; a child's: its parent's)") var ttl: DurationText?
        @Option(help: "RFC 3339 time before which it is not valid.") var notBefore: String?
        @Option(help: "Renewals may extend it to this much from now.") var renewable: DurationText?
        @Option(help: "UNIT=N: most that may be spent. Repeatable.") var budget: [AmountText] = []
        @Option(help: "UNIT=N: most for one call. Repeatable.") var maxAmount: [AmountText] = []
        @Option(help: "UNIT=N/DURATION, with ,burst=B for another burst than N: most over all nodes together. Repeatable.") var rate: [UnitRateText] = []
        @Option(help: "A named budget to draw on as well. Repeatable.") var draw: [String] = []
        @Option(help: "Oldest view that may decide on it; at most the mesh's.") var maxStaleness: DurationText?
        @Flag(help: "Decide only on an echo sent after the call arrived.") var linearizable = false
        @Option(help: "How long past the lease it may go on; at most the mesh's.") var grace: DurationText?
        @Option(name: .customLong("run"), help: "The run that it belongs to; a new one when absent, a child's parent's.") var runID: String?
        @Option(help: "Grant to delegate from. What is left out is as the parent has it; nothing may be more.") var parent: String?
        @Option(defaultAsFlag: 1, help: "Levels that may be delegated from it; 1 without a number.") var delegate: Int?
        @Option(help: "An action that needs an approval. Repeatable.") var approval: [String] = []
        @Option(help: "Version of the policy behind it, for the audit.") var policyVersion: String?
        @Option(help: "Hexadecimal hash of the prompt, for the audit.") var promptHash: String?
        @Option(help: "A JSON file in place of all other flags about the grant.") var file: String?
        @Flag(help: "Say what each pattern and condition matches, and issue nothing.") var explain = false

        func validate() throws {
            if file != nil, !isBare { throw ValidationError("--file states the whole grant: name no other flag about it") }
            // The mesh's own bounds, which are less, are the ledger's to tell.
            if let maxStaleness, maxStaleness.milliseconds == 0 { throw ValidationError("--max-staleness is 1ms and more; leave it out for the mesh's") }
            try maxStaleness?.check("--max-staleness", in: 1...3_600_000)
            try grace?.check("--grace", in: 0...3_600_000)
            try renewable?.check("--renewable", in: 1...Int64.max)
            if let delegate, !(0...Int(Limits.delegationDepth)).contains(delegate) { throw ValidationError("--delegate is 0 to \(Limits.delegationDepth) levels") }
            if let ttl, ttl.milliseconds == 0 { throw ValidationError("--ttl is 1ms and more") }
            // A variable that a script has not set would lift a bound, or name nobody.
            for (flag, text) in texts { try Ids.check(text, flag) }
        }

        private var texts: [(flag: String, text: String?)] {
            [
                ("--agent", agent), ("--agent-class", agentClass), ("--principal", principal), ("--purpose", purpose), ("--audience", audience),
                ("--workload", workload), ("--run", runID), ("--parent", parent), ("--not-before", notBefore), ("--policy-version", policyVersion),
                ("--prompt-hash", promptHash),
            ]
        }

        /// Whether no flag says anything about the grant.
        private var isBare: Bool {
            let lists = [allow, resource, when, draw, approval]
            return texts.allSatisfy { $0.text == nil } && lists.allSatisfy(\.isEmpty) && ttl == nil && renewable == nil && budget.isEmpty
                && maxAmount.isEmpty && rate.isEmpty && maxStaleness == nil && !linearizable && grace == nil && delegate == nil
        }

        /// What would mislead a reader of the log, and what the mesh would not do.
        private func check(_ grant: Grant, _ client: LedgerClient) throws {
            let ids: [(String, String)] = [
                ("the agent", grant.agentID), ("the run", grant.runID), ("the agent's class", grant.agentClass), ("the principal", grant.principalID),
                ("the purpose", grant.purpose), ("the audience", grant.audience), ("the workload", grant.workload), ("the policy's version", grant.policyVersion),
                ("the tool's version", grant.toolVersion), ("the parent", grant.parent),
            ]
            for (name, id) in ids { try Ids.check(id, name, mayBeEmpty: true) }
            for text in grant.allowedActions + grant.resources + grant.approvalActions + grant.draws { try Ids.check(text, "a pattern or name", mayBeEmpty: true) }
            for unit in (grant.budgets + grant.maxAmounts).map(\.unit) + grant.rates.map(\.unit) { try Ids.check(unit, "a unit") }
            if let problem = grant.problem { throw NodeError(.configuration, problem) }
            guard grant.maxStalenessMS > 0 || grant.graceMS > 0 else { return }
            let settings = try client.settings()
            guard grant.maxStalenessMS <= settings.maxStalenessMS else { throw NodeError(.configuration, "the mesh's views may be \(settings.maxStalenessMS) ms old: a grant's max staleness cannot be more") }
            guard grant.graceMS <= settings.maxGraceMS else { throw NodeError(.configuration, "the mesh allows a grace of \(settings.maxGraceMS) ms: a grant's cannot be more") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                var grant = try file.map(GrantFile.read) ?? fromFlags()
                if explain { return try GrantExplanation(grant).print(mesh.output) }
                for (list, flag) in [(grant.allowedActions, "--allow"), (grant.resources, "--resource")] where list.isEmpty {
                    Output.message("penstock: without \(flag), every call under this grant is denied")
                }
                let credential = Credential.generate()
                grant.credentialDigest = Credential.digest(of: credential.reveal)!
                let client = try mesh.client(.issuer)
                try check(grant, client)
                let submitted = try client.submit(.grantIssued(grant)).0
                struct Row: Encodable {
                    var grantId: String
                    var runId: String
                    /// Null when it has none.
                    var principalId: OrNull<String>
                    var position: UInt64
                    var expiresAt: String
                    var credential: String
                }
                // What a child leaves out it has from its parent, as the ledger says.
                let isChild = submitted.hasGrant
                let (run, principal) = isChild ? (submitted.grant.runID, submitted.grant.principalID) : (grant.runID, grant.principalID)
                let row = Row(
                    grantId: grant.grantID, runId: run, principalId: OrNull(principal.isEmpty ? nil : principal), position: submitted.position,
                    expiresAt: Times.text(isChild ? submitted.grant.expiresAtMs : grant.expiresAt), credential: credential.reveal)
                // Without its credential nobody can use the grant.
                Changes.add("grant \(grant.grantID) is issued and its credential is lost: revoke it with --grant \(grant.grantID)")
                try Output.print(row, mesh.output) {
                    [
                        ["grant", row.grantId], ["run", row.runId], ["principal", row.principalId.text], ["position", "\(row.position)"],
                        ["expires", row.expiresAt], ["credential", row.credential],
                    ].filter { !$0[1].isEmpty }
                }
            }
        }

        private func fromFlags() throws -> Grant {
            guard let agent else { throw ValidationError("--agent is missing") }
            var grant = Grant()
            grant.grantID = GrantFile.newID("grt")
            grant.parent = parent ?? ""
            grant.delegate = UInt32(delegate ?? 0)
            grant.runID = runID ?? (parent == nil ? GrantFile.newID("run") : "")
            grant.agentID = agent
            (grant.agentClass, grant.principalID, grant.purpose) = (agentClass ?? "", principal ?? "", purpose ?? "")
            (grant.audience, grant.workload) = (audience ?? "", workload ?? "")
            grant.allowedActions = allow
            grant.resources = resource
            grant.conditions = try when.map {
                guard let condition = Grant.Condition(parsing: $0) else { throw ValidationError("'\($0)' is not 'PATH OP VALUE'") }
                return condition
            }
            if let notBefore {
                guard let time = Times.parse(notBefore), time > 0 else { throw ValidationError("--not-before is an RFC 3339 time from 1970 to 9999, such as 2030-01-31T12:00:00Z") }
                grant.notBefore = time
            }
            if parent == nil || ttl != nil { grant.expiresAt = try (ttl ?? DurationText(milliseconds: 900_000)).fromNow("--ttl") }
            grant.renewableUntil = try renewable?.fromNow("--renewable") ?? 0
            grant.budgets = budget.map { Amount($0.unit, $0.value) }
            grant.maxAmounts = maxAmount.map { Amount($0.unit, $0.value) }
            grant.rates = rate.map(\.rate)
            grant.draws = draw
            grant.maxStalenessMS = UInt32(clamping: maxStaleness?.milliseconds ?? 0)
            grant.linearizable = linearizable
            grant.graceMS = UInt32(clamping: grace?.milliseconds ?? 0)
            grant.approvalActions = approval
            grant.policyVersion = policyVersion ?? ""
            guard let hash = Hex.decode(promptHash ?? "") else { throw ValidationError("--prompt-hash is hexadecimal") }
            grant.promptHash = hash
            return grant
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One grant, as the log has it.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The grant's id.") var id: String

        func run() throws {
            try Failure.run(mesh.output) {
                guard let row = try GrantView.read(mesh.client(.issuer, .operator, .auditor), where: { $0.grantId == id }).first else { throw NodeError(.notFound, "no grant \(id)") }
                try Output.print(row, mesh.output) { row.fields }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "All grants, newest last.", discussion: "Each filter is exact, and all of them must hold. A child has its run and principal from its parent.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Only this grant.") var grant: String?
        @Option(help: "Only this agent's.") var agent: String?
        @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?
        @Option(help: "Only of this class of agents.") var agentClass: String?
        @Option(help: "Only this principal's.") var principal: String?
        @Option(help: "Only for this purpose.") var purpose: String?
        @Option(help: "Only for this audience.") var audience: String?
        @Option(help: "Only of this issuer.") var issuer: String?
        @Option(help: "Only this grant and what was delegated from it.") var subtree: String?
        @Option(help: "Only of this state: \(GrantView.states.joined(separator: ", ")).") var state: String?

        func validate() throws {
            let filters = [
                ("--grant", grant), ("--agent", agent), ("--run", runID), ("--agent-class", agentClass), ("--principal", principal), ("--purpose", purpose),
                ("--audience", audience), ("--issuer", issuer), ("--subtree", subtree),
            ]
            for (flag, text) in filters { try Ids.checkExact(text, flag) }
            if let state, !GrantView.states.contains(state) { throw ValidationError("--state is one of \(GrantView.states.joined(separator: ", "))") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try GrantView.read(mesh.client(.issuer, .operator, .auditor), under: subtree) { row in
                    func holds(_ wanted: String?, _ has: String) -> Bool { wanted.map { $0.utf8.elementsEqual(has.utf8) } ?? true }
                    return holds(grant, row.grantId) && holds(agent, row.agentId) && holds(runID, row.runId) && holds(agentClass, row.agentClass)
                        && holds(principal, row.principalId) && holds(purpose, row.purpose) && holds(audience, row.audience) && holds(issuer, row.issuer)
                        && holds(state, row.state)
                }
                try Output.print(list: rows, mesh.output) {
                    [["GRANT", "RUN", "AGENT", "PRINCIPAL", "STATE", "EXPIRES"]]
                        + rows.map { [$0.grantId, $0.runId, $0.agentId, $0.principalId, $0.state, $0.expiresAt] }
                }
            }
        }
    }

    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Extend a grant's expiry, as far as it was issued renewable.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The grant's id.") var id: String
        @Option(help: "New lifetime from now.") var ttl = DurationText(argument: "15m")!

        func run() throws {
            try Failure.run(mesh.output) {
                let expiresAt = try ttl.fromNow("--ttl")
                let submitted = try mesh.client(.issuer).change(.grantRenewed(grantID: id, expiresAt: expiresAt))
                struct Row: Encodable {
                    var grantId: String
                    var position: UInt64
                    var expiresAt: String
                }
                let row = Row(grantId: id, position: submitted.position, expiresAt: Times.text(expiresAt))
                try Output.print(row, mesh.output) { [["grant \(id) expires \(row.expiresAt)"]] }
            }
        }
    }
}
