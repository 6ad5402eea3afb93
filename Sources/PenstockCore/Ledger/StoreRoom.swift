/// What the log's store can still make durable. The shell measures it before each turn; the ledger decides by it.
package enum StoreRoom: Int, Sendable, Comparable, CaseIterable {
    /// No restriction can be made durable: no lease is given, so that every node is fenced within B.
    case nothing
    /// Room is left that is kept for restrictions: they go on, and so do leases, acknowledgements and reading.
    case restrictions
    case everything

    package static func < (a: StoreRoom, b: StoreRoom) -> Bool { a.rawValue < b.rawValue }

    /// Whether an event of this kind may take room. Restrictions only take authority away, and only operators make
    /// them; an epoch's opening is one event of each start, without which a ledger serves nobody.
    package func admits(_ kind: EventKind.Name) -> Bool {
        switch kind {
        case .restricted, .nodeExpelled, .epochOpened: self >= .restrictions
        default: self == .everything
        }
    }
}

/// What is known of the store's disk: what its measurement says, and what commits that failed have shown since.
///
/// A commit that fails proves the measurement wrong: the shell tries then what still fits. Ordinary events wait for
/// `pause`. Where no restriction fits, or one has failed, no lease is given until one is proven to fit: by a commit,
/// or by the shell, which tries again.
struct DiskKnowledge: Sendable {
    private var measured: StoreRoom = .everything
    private var ordinaryFrom: Instant = .min
    /// When it is to be proven that a restriction fits; nil while that is known.
    private(set) var proofDueAt: Instant?

    /// How long a failed commit says something of the next one.
    static let pause: Nanoseconds = .nanosecondsPerSecond

    var room: StoreRoom { proofDueAt == nil ? measured : .nothing }

    mutating func note(_ room: StoreRoom, isProven: Bool, at now: Instant) {
        measured = now < ordinaryFrom ? min(room, .restrictions) : room
        if isProven { proofDueAt = room == .nothing ? now + Self.pause : nil }
    }

    mutating func committed() { proofDueAt = nil }

    mutating func failed(to commit: [Event], fits: StoreRoom, at now: Instant) {
        ordinaryFrom = now + Self.pause
        let isRestriction = commit.allSatisfy { StoreRoom.restrictions.admits($0.kind.name) }
        note(isRestriction ? .nothing : fits, isProven: true, at: now)
    }
}

extension Ledger {
    /// What may be written, and whether leases may be given.
    package var room: StoreRoom { disk.room }

    /// A commit has failed, and the shell is to try whether a restriction would still fit.
    package func isProofDue(at now: Instant) -> Bool { disk.proofDueAt.map { now >= $0 } ?? false }

    /// The shell's word on its store, before each turn and after each commit. Returns requests for slices that
    /// waited, where none can be answered: they are asked again.
    ///
    /// - Parameter isProven: the room was not only measured, it was written to.
    package mutating func storeTakes(_ room: StoreRoom, isProven: Bool = false, at now: Instant) -> [SliceRequest] {
        disk.note(room, isProven: isProven, at: now)
        return reservesOver()
    }

    mutating func reservesOver() -> [SliceRequest] {
        guard !room.admits(.sliceReserved) else { return [] }
        defer { reserves = [] }
        return reserves.map(\.request)
    }

    /// A lease says that a revoke would be heard of: it is given only while one can be made durable.
    var mayGiveLeases: Bool { room >= .restrictions }

    /// Whether an event of this kind may be written now. Asked before anything of it is folded.
    package func checkRoom(for kind: EventKind.Name) throws(Refusal) {
        guard !room.admits(kind) else { return }
        throw room == .nothing
            ? Refusal(.full, "the log cannot be written; free space on the ledger's disk", retryAfterMS: 1000)
            : Refusal(
                .full, "the ledger's disk is full but for what is kept for restrictions; free space on it",
                retryAfterMS: 1000)
    }
}
