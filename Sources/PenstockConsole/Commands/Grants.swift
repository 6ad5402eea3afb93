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
            discussion: "Example: penstock grant issue --agent builder --allow tools/call --resource 'tool:*' --ttl 15m --budget calls=1000")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "The agent.") var agent: String?
        @Option(help: "Its class.") var agentClass = ""
        @Option(help: "Who delegated.") var principal = ""
        @Option(help: "What for.") var purpose = ""
        @Option(help: "Destination service that it is good for; none means any.") var audience = ""
        @Option(help: "SPIFFE id of the workload that may use it; none means any.") var workload = ""
        @Option(help: "An action, exact or ending in '*'. Repeatable.") var allow: [String] = []
        @Option(help: "'TYPE:PATTERN', exact or ending in '*'. Repeatable.") var resource: [String] = []
        @Option(help: "'PATH OP VALUE' with OP one of == != < <= > >= ^=. Repeatable.") var when: [String] = []
        @Option(help: "Lifetime.") var ttl = DurationText(argument: "15m")!
        @Option(help: "RFC 3339 time before which it is not valid.") var notBefore: String?
        @Option(help: "Renewals may extend it to this much from now.") var renewable: DurationText?
        @Option(help: "UNIT=N: most that may be spent. Repeatable.") var budget: [AmountText] = []
        @Option(help: "UNIT=N: most for one call. Repeatable.") var maxAmount: [AmountText] = []
        @Option(help: "UNIT=N/DURATION; not available in this version.") var rate: [String] = []
        @Option(help: "A named budget to draw on as well. Repeatable.") var draw: [String] = []
        @Option(help: "Oldest view that may decide on it.") var maxStaleness: DurationText?
        @Flag(help: "Decide only on an echo sent after the call arrived.") var linearizable = false
        @Option(help: "How long past the lease it may go on.") var grace: DurationText?
        @Option(name: .customLong("run"), help: "The run that it belongs to; a new one when absent.") var runID: String?
        @Option(help: "Grant to delegate from; not available in this version.") var parent: String?
        @Option(help: "An action that needs an approval. Repeatable.") var approval: [String] = []
        @Option(help: "Version of the policy behind it, for the audit.") var policyVersion = ""
        @Option(help: "Hexadecimal hash of the prompt, for the audit.") var promptHash = ""
        @Option(help: "A JSON file with the same members instead of flags.") var file: String?

        func run() throws {
            try Failure.run(mesh.output) {
                var grant = try file.map(GrantFile.read) ?? fromFlags()
                let credential = Credential.generate()
                grant.credentialDigest = Credential.digest(of: credential.reveal)!
                if let problem = grant.problem { throw NodeError(.configuration, problem) }
                let (submitted, _) = try mesh.client(.issuer).submit(.grantIssued(grant))
                struct Row: Encodable {
                    var grantId: String
                    var runId: String
                    var position: UInt64
                    var expiresAt: String
                    var credential: String
                }
                let row = Row(grantId: grant.grantID, runId: grant.runID, position: submitted.position, expiresAt: Times.text(grant.expiresAt), credential: credential.reveal)
                try Output.print(row, mesh.output) {
                    [["grant", row.grantId], ["run", row.runId], ["position", "\(row.position)"], ["expires", row.expiresAt], ["credential", row.credential]]
                }
            }
        }

        private func fromFlags() throws -> Grant {
            guard let agent else { throw ValidationError("--agent is missing") }
            guard rate.isEmpty else { throw NodeError(.configuration, "--rate is not available in this version: shares of a rate are not allotted yet; use --budget, or 'penstock throttle' at each node") }
            guard parent == nil else { throw NodeError(.configuration, "--parent is not available in this version") }
            var grant = Grant()
            grant.grantID = GrantFile.newID("grt")
            grant.runID = runID ?? GrantFile.newID("run")
            grant.agentID = agent
            (grant.agentClass, grant.principalID, grant.purpose, grant.audience, grant.workload) = (agentClass, principal, purpose, audience, workload)
            grant.allowedActions = allow
            grant.resources = resource
            grant.conditions = try when.map {
                guard let condition = Grant.Condition(parsing: $0) else { throw ValidationError("'\($0)' is not 'PATH OP VALUE'") }
                return condition
            }
            let now = Clocks.wall()
            if let notBefore {
                guard let time = Times.parse(notBefore) else { throw ValidationError("--not-before is an RFC 3339 time such as 2030-01-31T12:00:00Z") }
                grant.notBefore = time
            }
            grant.expiresAt = now + ttl.milliseconds
            grant.renewableUntil = renewable.map { now + $0.milliseconds } ?? 0
            grant.budgets = budget.map { Amount($0.unit, $0.value) }
            grant.maxAmounts = maxAmount.map { Amount($0.unit, $0.value) }
            grant.draws = draw
            grant.maxStalenessMS = UInt32(clamping: maxStaleness?.milliseconds ?? 0)
            grant.linearizable = linearizable
            grant.graceMS = UInt32(clamping: grace?.milliseconds ?? 0)
            grant.approvalActions = approval
            grant.policyVersion = policyVersion
            guard let hash = Hex.decode(promptHash) else { throw ValidationError("--prompt-hash is hexadecimal") }
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
                let view = try mesh.client(.issuer, .operator, .auditor).fold().view
                guard let index = view.index(ofGrant: id) else { throw NodeError(.notFound, "no grant \(id)") }
                let row = GrantView(view, index)
                try Output.print(row, mesh.output) { row.fields }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All grants, newest last.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Only this agent's.") var agent: String?
        @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?

        func run() throws {
            try Failure.run(mesh.output) {
                let view = try mesh.client(.issuer, .operator, .auditor).fold().view
                let rows = view.grants.indices.map { GrantView(view, $0) }
                    .filter { agent == nil || $0.agentId == agent }.filter { runID == nil || $0.runId == runID }
                try Output.print(list: rows, mesh.output) {
                    [["GRANT", "RUN", "AGENT", "STATE", "EXPIRES"]] + rows.map { [$0.grantId, $0.runId, $0.agentId, $0.state, $0.expiresAt] }
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
                let expiresAt = Clocks.wall() + ttl.milliseconds
                let (submitted, _) = try mesh.client(.issuer).submit(.grantRenewed(grantID: id, expiresAt: expiresAt))
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
