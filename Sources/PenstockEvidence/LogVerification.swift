package import PenstockCore
internal import PenstockCrypto
package import PenstockNode
internal import PenstockProto
internal import PenstockWire

/// `log verify`: trusts nothing that the ledger says about its own log.
package struct LogVerification: Encodable {
    package var ok: Bool
    package var position: UInt64
    package var root: String
    package var problems: [String]

    package static func run(_ client: LedgerClient, progress: (_ position: Position, _ head: Position) -> Void) throws
        -> LogVerification
    {
        guard case .head(let head) = try client.ask(.head(.init())) else { throw client.unexpected }
        let ledger = try client.identity.member.ledger.verifier()
        var audit = LogAudit()
        var snapshots = head.snapshots.filter { $0.position <= head.position }.sorted { $0.position < $1.position }[...]
        var unfit: [String] = []
        try client.readLog { position, entry in
            guard position <= head.position, audit.problemCount < 100 else { return }
            audit.take(entry, at: position)
            while let snapshot = snapshots.first, snapshot.position <= position {
                snapshots.removeFirst()
                if let problem = problem(of: snapshot, audit, ledger) { unfit.append(problem) }
            }
            if position.isMultiple(of: 10_000) { progress(position, head.position) }
        }
        audit.verifySignatures()
        var problems = audit.problems + unfit
        if audit.tree.size != head.position {
            problems.append("the ledger says \(head.position) entries, it gave \(audit.tree.size)")
        }
        problems += try checkpointProblems(head.checkpoint, audit.tree, client.identity)
        return LogVerification(
            ok: problems.isEmpty, position: audit.tree.size, root: audit.tree.root.hex, problems: problems)
    }

    /// What is wrong with a snapshot that the ledger has, where the audit has come to its position.
    static func problem(of snapshot: Penstock_V1_StateDigest, _ audit: LogAudit, _ ledger: Verifier) -> String? {
        let digest = digest(of: audit)
        func problem(_ what: String) -> String { "the ledger's snapshot at position \(snapshot.position) \(what)" }
        guard snapshot.position == audit.tree.size, Digest(snapshot.digest) == digest else {
            return problem("is not the fold of these entries")
        }
        let statement = SnapshotSignature.statement(
            ofState: digest, mesh: audit.state.view.mesh, position: snapshot.position, root: audit.tree.root)
        guard ledger.verify(signature: [UInt8](snapshot.signature), message: Array(statement.utf8)) else {
            return problem(
                """
                is not signed by the ledger: stop it, remove state-\(snapshot.position).snapshot from its data folder, \
                and start it again
                """)
        }
        return nil
    }

    static func digest(of audit: LogAudit) -> Digest { SHA256.hash(LedgerStateCodec.encode(audit.state)) }

    static func checkpointProblems(_ text: String, _ tree: MerkleTree, _ identity: Identity) throws -> [String] {
        guard let note = try? SignedNote(parsing: text), let checkpoint = try? Checkpoint(parsing: note.text) else {
            return ["the ledger's checkpoint cannot be read"]
        }
        let key = try identity.member.ledger.verifier().publicKey
        let noteKey = try NoteKey(name: identity.member.mesh, kind: .log, publicKey: key)
        guard note.signatures.contains(where: { noteKey.verdict(on: $0, text: note.text) == .signed }) else {
            return ["the checkpoint is not signed by the ledger"]
        }
        guard checkpoint.size == tree.size, checkpoint.root == tree.root else {
            return ["the signed root is not the root of these entries"]
        }
        return []
    }
}
