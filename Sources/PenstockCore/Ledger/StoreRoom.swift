/// What the log's store can still make durable. The shell measures it before each turn; the ledger decides by it.
package enum StoreRoom: Int, Sendable, Comparable, CaseIterable {
    /// No restriction can be made durable: no lease is given, so that every node is fenced within B.
    case nothing
    /// Room is left that is kept for restrictions: they go on, and so do leases, acknowledgements and reading.
    case restrictions
    case everything

    package static func < (a: StoreRoom, b: StoreRoom) -> Bool { a.rawValue < b.rawValue }

    /// Whether an event of this kind may take room. Restrictions only take authority away, and only operators make them;
    /// an epoch's opening is one event of each start, without which a ledger serves nobody.
    package func admits(_ kind: EventKind.Name) -> Bool {
        switch kind {
        case .restricted, .nodeExpelled, .epochOpened: self >= .restrictions
        default: self == .everything
        }
    }
}

extension Ledger {
    /// A lease says that a revoke would be heard of: it is given only while one can be made durable.
    var mayGiveLeases: Bool { room >= .restrictions }

    /// Nothing of the state is told while it has events that may never become durable.
    package func checkDurable() throws(Refusal) {
        guard isAheadOfLog else { return }
        throw Refusal(.full, "the log cannot be written; free space on the ledger's disk", retryAfterMS: 1000)
    }

    /// Whether an event of this kind may be written now. Asked before anything of it is folded.
    package func checkRoom(for kind: EventKind.Name) throws(Refusal) {
        guard !room.admits(kind) else { return }
        throw room == .nothing
            ? Refusal(.full, "the log cannot be written; free space on the ledger's disk", retryAfterMS: 1000)
            : Refusal(.full, "the ledger's disk is full but for what is kept for restrictions; free space on it", retryAfterMS: 1000)
    }
}
