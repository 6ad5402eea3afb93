internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockWire

/// Derives a log's tree, signatures, authorities and fold again, entry by entry, and says what is wrong with it.
///
/// Signatures cost more than all the rest: those of many entries are verified together, on all cores.
struct LogAudit {
    private(set) var state = LedgerState()
    private(set) var tree = MerkleTree()
    private var found: [(position: Position, problem: String)] = []
    private var verifier = EventVerifier()
    /// Entries whose signatures are not looked at yet, with the keys that their origins had at their positions.
    private var unverified: [(position: Position, event: SignedEvent, keys: NodeKeys)] = []
    private var unverifiedBytes = 0

    /// What is verified together: enough for many cores, and some MiB of memory.
    private static let (eventsAtOnce, bytesAtOnce) = (1_024, 4 << 20)

    /// How many problems are known so far: signatures are among them once they are verified.
    var problemCount: Int { found.count }

    /// What is wrong, in the order of the log. To be asked behind `verifySignatures`.
    var problems: [String] {
        precondition(unverified.isEmpty, "entries whose signatures were not verified are not known to be sound")
        return found.map { "position \($0.position): \($0.problem)" }
    }

    mutating func take(_ entry: [UInt8], at position: Position) {
        tree.append(MerkleTree.leafHash(entry))
        do {
            let event = try SignedEvent(entry: entry)
            do throws(Mistake) {
                unverified.append((position, event, try signer(of: event.event, at: position)))
                unverifiedBytes += entry.count
            } catch {
                found.append((position, error.problem))
            }
            try state.apply(event.event, at: position)
        } catch {
            found.append((position, printed(error)))
        }
        if unverified.count >= Self.eventsAtOnce || unverifiedBytes >= Self.bytesAtOnce { verifySignatures() }
    }

    /// Verifies the signatures of what was taken. To be called behind the last entry.
    mutating func verifySignatures() {
        let signed = verifier.verify(unverified.map { ($0.event, $0.keys) })
        let forged = zip(unverified, signed).filter { !$1 }.map { ($0.0.position, "its signature does not verify") }
        (unverified, unverifiedBytes) = ([], 0)
        guard !forged.isEmpty else { return }
        // Of one position, its signature stands first.
        found = (forged + found).sorted { $0.position < $1.position }
    }

    private struct Mistake: Error {
        var problem: String
    }

    /// Whose signature an event has to have.
    private func signer(of event: Event, at position: Position) throws(Mistake) -> NodeKeys {
        if position == 1 {
            guard case .genesis(let nodes, _) = event.kind,
                let ledger = nodes.first(where: { $0.name == event.origin && $0.role == .ledger })
            else { throw Mistake(problem: "it is no genesis") }
            return ledger
        }
        guard let member = state.view.member(event.origin) else {
            throw Mistake(problem: "its origin '\(event.origin)' is not a member")
        }
        guard Authority.permits(member.role, event.kind.name) else {
            throw Mistake(problem: "a key of role \(member.role.name) caused a \(event.kind.name.rawValue)")
        }
        return member
    }
}
