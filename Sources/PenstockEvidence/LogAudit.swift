internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockWire

/// Derives a log's tree, signatures, authorities and fold again, entry by entry, and says what is wrong with it.
struct LogAudit {
    private(set) var state = LedgerState()
    private(set) var tree = MerkleTree()
    private(set) var problems: [String] = []
    private var verifier = EventVerifier()

    mutating func take(_ entry: [UInt8], at position: Position) {
        tree.append(MerkleTree.leafHash(entry))
        do {
            let event = try SignedEvent(entry: entry)
            if let problem = problem(of: event, at: position) { problems.append("position \(position): \(problem)") }
            try state.apply(event.event, at: position)
        } catch {
            problems.append("position \(position): \(printed(error))")
        }
    }

    private mutating func problem(of event: SignedEvent, at position: Position) -> String? {
        if position == 1 {
            guard case .genesis(let nodes, _) = event.event.kind,
                let ledger = nodes.first(where: { $0.name == event.event.origin && $0.role == .ledger })
            else { return "it is no genesis" }
            return verifier.verify(event, by: ledger) ? nil : "its signature does not verify"
        }
        guard let member = state.view.member(event.event.origin) else {
            return "its origin '\(event.event.origin)' is not a member"
        }
        guard Authority.permits(member.role, event.event.kind.name) else {
            return "a key of role \(member.role.name) caused a \(event.event.kind.name.rawValue)"
        }
        return verifier.verify(event, by: member) ? nil : "its signature does not verify"
    }
}
