/// A decoder of foreign bytes, and what must hold for every input.
///
/// Laws: it never traps or hangs; it throws `Broken` and nothing else; the same bytes give the same answer.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case request, reply, publication, join
    case event, snapshot, state, record
    case note, proof, policy, receipt
    case credential, token, keys
    case settings, grant, member, condition
    case line, mcp
    case json, evaluation, answer, stream
    case ledger

    /// - Returns: whether the decoder took the bytes rather than refusing them.
    package func run(_ bytes: [UInt8]) throws(Broken) -> Bool {
        switch self {
        case .request: try Messages.request(bytes)
        case .reply: try Messages.reply(bytes)
        case .publication: try Messages.publication(bytes)
        case .join: try Messages.join(bytes)
        case .event: try Events.entryOrBody(bytes)
        case .snapshot: try Snapshots.page(bytes)
        case .state: try Snapshots.state(bytes)
        case .record: try Records.record(bytes)
        case .note: try Notes.note(bytes)
        case .proof: try Proofs.proof(bytes)
        case .policy: try Proofs.policy(bytes)
        case .receipt: try Receipts.receipt(bytes)
        case .credential: try Secrets.credential(bytes)
        case .token: try Secrets.token(bytes)
        case .keys: try Secrets.keys(bytes)
        case .settings: try Files.settings(bytes)
        case .grant: try Files.grant(bytes)
        case .member: try Files.member(bytes)
        case .condition: try Conditions.condition(bytes)
        case .line: try Lines.line(bytes)
        case .mcp: try Lines.session(bytes)
        case .json: try Texts.json(bytes)
        case .evaluation: try Texts.evaluation(bytes)
        case .answer: try Texts.answer(bytes)
        case .stream: try Texts.stream(bytes)
        case .ledger: try Ledgers.session(bytes)
        }
    }
}

extension FuzzTarget {
    /// Whether a receipt has verified in this process: one of the seeds must.
    package static var hasVerifiedReceipt: Bool { Receipts.hasVerified }
}

/// A law that does not hold.
package struct Broken: Error, CustomStringConvertible {
    package var description: String
}

func law(_ holds: Bool, _ what: @autoclosure () -> String) throws(Broken) {
    guard holds else { throw Broken(description: what()) }
}
