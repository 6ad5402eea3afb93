internal import ArgumentParser
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto

extension GrantCommand {
    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue", abstract: "Issue a grant. Prints the credential once; the log holds only its digest.",
            discussion: """
                Example: penstock grant issue --agent builder --allow tools/call --resource 'tool:*' --ttl 15m \
                --budget calls=1000

                --file takes a JSON object in place of all these flags. agent_id and allowed_actions must be there; \
                'grant show -o
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
        @Option(help: "PEM file of the client certificate that its user must show: its first one counts.")
        var certificate: String?
        @Option(help: "RFC 7638 thumbprint of the key that its user must sign DPoP proofs with.")
        var keyThumbprint: String?
        @Option(help: "An action, exact or ending in '*'. Repeatable.") var allow: [String] = []
        @Option(help: "'TYPE:PATTERN', exact or ending in '*'. Repeatable.") var resource: [String] = []
        @Option(help: "'PATH OP VALUE' with OP one of == != < <= > >= ^=. Repeatable.") var when: [String] = []
        @Option(help: "Lifetime. (default: 15m; a child's: its parent's)") var ttl: DurationText?
        @Option(help: "RFC 3339 time before which it is not valid.") var notBefore: String?
        @Option(help: "Renewals may extend it to this much from now.") var renewable: DurationText?
        @Option(help: "UNIT=N: most that may be spent. Repeatable.") var budget: [AmountText] = []
        @Option(help: "UNIT=N: most for one call. Repeatable.") var maxAmount: [AmountText] = []
        @Option(
            help: "UNIT=N/DURATION, with ,burst=B for another burst than N: most over all nodes together. Repeatable.")
        var rate: [UnitRateText] = []
        @Option(help: "A named budget to draw on as well. Repeatable.") var draw: [String] = []
        @Option(help: "Oldest view that may decide on it; at most the mesh's.") var maxStaleness: DurationText?
        @Flag(help: "Decide only on an echo sent after the call arrived.") var linearizable = false
        @Option(help: "How long past the lease it may go on; at most the mesh's.") var grace: DurationText?
        @Option(
            name: .customLong("run"), help: "The run that it belongs to; a new one when absent, a child's parent's.")
        var runID: String?
        @Option(help: "Grant to delegate from. What is left out is as the parent has it; nothing may be more.")
        var parent: String?
        @Option(defaultAsFlag: 1, help: "Levels that may be delegated from it; 1 without a number.") var delegate: Int?
        @Option(help: "An action that needs an approval. Repeatable.") var approval: [String] = []
        @Option(help: "Version of the policy behind it, for the audit.") var policyVersion: String?
        @Option(help: "Hexadecimal hash of the prompt, for the audit.") var promptHash: String?
        @Option(help: "A JSON file in place of all other flags about the grant.") var file: String?
        @Flag(help: "Say what each pattern and condition matches, and issue nothing.") var explain = false

        func validate() throws {
            if file != nil, !isBare {
                throw ValidationError("--file states the whole grant: name no other flag about it")
            }
            // The mesh's own bounds, which are less, are the ledger's to tell.
            if let maxStaleness, maxStaleness.milliseconds == 0 {
                throw ValidationError("--max-staleness is 1ms and more; leave it out for the mesh's")
            }
            try maxStaleness?.check("--max-staleness", in: 1...3_600_000)
            try grace?.check("--grace", in: 0...3_600_000)
            try renewable?.check("--renewable", in: 1...Int64.max)
            if let delegate, !(0...Int(Limits.delegationDepth)).contains(delegate) {
                throw ValidationError("--delegate is 0 to \(Limits.delegationDepth) levels")
            }
            if let ttl, ttl.milliseconds == 0 { throw ValidationError("--ttl is 1ms and more") }
            // A variable that a script has not set would lift a bound, or name nobody.
            for (flag, text) in texts { try Ids.check(text, flag) }
        }

        private var texts: [(flag: String, text: String?)] {
            [
                ("--agent", agent), ("--agent-class", agentClass), ("--principal", principal), ("--purpose", purpose),
                ("--audience", audience),
                ("--workload", workload), ("--certificate", certificate), ("--key-thumbprint", keyThumbprint),
                ("--run", runID), ("--parent", parent), ("--not-before", notBefore),
                ("--policy-version", policyVersion),
                ("--prompt-hash", promptHash),
            ]
        }

        /// Whether no flag says anything about the grant.
        private var isBare: Bool {
            let lists = [allow, resource, when, draw, approval]
            return texts.allSatisfy { $0.text == nil } && lists.allSatisfy(\.isEmpty) && ttl == nil && renewable == nil
                && budget.isEmpty
                && maxAmount.isEmpty && rate.isEmpty && maxStaleness == nil && !linearizable && grace == nil
                && delegate == nil
        }

        func run() throws {
            try Failure.run(mesh.output) {
                var grant = try file.map(GrantFile.read) ?? fromFlags()
                if explain { return try GrantExplanation(grant).print(mesh.output) }
                for (list, flag) in [(grant.allowedActions, "--allow"), (grant.resources, "--resource")]
                where list.isEmpty {
                    Output.message("penstock: without \(flag), every call under this grant is denied")
                }
                let credential = Credential.generate()
                grant.credentialDigest = Credential.digest(of: credential.reveal)!  // It is one.
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
                let (run, principal) =
                    isChild ? (submitted.grant.runID, submitted.grant.principalID) : (grant.runID, grant.principalID)
                let row = Row(
                    grantId: grant.grantID, runId: run, principalId: OrNull(principal.isEmpty ? nil : principal),
                    position: submitted.position,
                    expiresAt: Times.text(isChild ? submitted.grant.expiresAtMs : grant.expiresAt),
                    credential: credential.reveal)
                // Without its credential nobody can use the grant.
                Changes.add(
                    """
                    grant \(grant.grantID) is issued and its credential is lost: revoke it with --grant \
                    \(grant.grantID)
                    """
                )
                try Output.print(row, mesh.output) {
                    [
                        ["grant", row.grantId], ["run", row.runId], ["principal", row.principalId.text],
                        ["position", "\(row.position)"],
                        ["expires", row.expiresAt], ["credential", row.credential],
                    ].filter { !$0[1].isEmpty }
                }
            }
        }
    }
}
