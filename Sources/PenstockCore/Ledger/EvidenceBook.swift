/// What proves a restriction to those who were not there: the log's checkpoint, who has cosigned it, and what of it
/// is not in the store yet. Signatures are made and verified outside.
package struct EvidenceBook: Sendable {
    package struct Checkpoint: Hashable, Sendable {
        /// Of the log when it was signed.
        package var size: Position
        package var note: String

        package init(size: Position, note: String) {
            self.size = size
            self.note = note
        }
    }

    package struct Cosignature: Hashable, Sendable {
        package var size: Position
        package var node: String
        package var line: String
    }

    /// By the restriction's position.
    package private(set) var checkpoints: [Position: Checkpoint] = [:]
    private var cosigned: [Position: Set<String>] = [:]
    /// Restrictions whose receipts are not in the store as they are.
    private var unkept: Set<Position> = []
    private var unkeptLines: [CosignatureKey: String] = [:]

    private struct CosignatureKey: Hashable {
        var size: Position
        var node: String
    }

    /// The checkpoint that was published with restrictions.
    package mutating func signed(_ checkpoint: Checkpoint, for restrictions: [Position]) {
        for position in restrictions { checkpoints[position] = checkpoint }
    }

    /// A checkpoint of this size that is kept. Several restrictions may share it.
    package func checkpoint(ofSize size: Position) throws(Refusal) -> Checkpoint {
        guard let kept = checkpoints.values.first(where: { $0.size == size }) else {
            throw Refusal(.notFound, "no checkpoint of size \(size) is kept")
        }
        return kept
    }

    package func isCosigned(_ position: Position, by node: String) -> Bool {
        cosigned[position]?.contains(node) ?? false
    }

    package func isCosigned(size: Position, by node: String) -> Bool {
        restrictions(ofSize: size).allSatisfy { isCosigned($0, by: node) }
    }

    /// A node has stated that it applied every entry below this size. Its signature was verified.
    package mutating func cosign(size: Position, node: NodeKeys, line: String) throws(Refusal) {
        guard node.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer cosigns") }
        _ = try checkpoint(ofSize: size)
        guard !isCosigned(size: size, by: node.name) else { return }
        guard unkeptLines.count < Limits.cosignaturesWaiting else {
            throw Refusal(.busy, "cosignatures wait to be written", retryAfterMS: 1000)
        }
        unkeptLines[CosignatureKey(size: size, node: node.name)] = line
        for position in restrictions(ofSize: size) {
            cosigned[position, default: []].insert(node.name)
            unkept.insert(position)
        }
    }

    private func restrictions(ofSize size: Position) -> [Position] {
        checkpoints.filter { $0.value.size == size }.map(\.key)
    }

    /// Barriers have ended: their receipts say something else now.
    mutating func ended(_ barriers: [Position]) { unkept.formUnion(barriers) }

    /// Forgets what belongs to restrictions whose barriers are forgotten.
    mutating func forget(unless isKept: (Position) -> Bool) {
        checkpoints = checkpoints.filter { isKept($0.key) }
        cosigned = cosigned.filter { isKept($0.key) }
        unkept = unkept.filter(isKept)
    }

    // MARK: Keeping

    package var isKept: Bool { unkept.isEmpty && unkeptLines.isEmpty }

    /// Restrictions to be kept, oldest first.
    package var restrictionsToKeep: [Position] { unkept.sorted() }

    /// As many cosignatures as one commit takes.
    package var cosignaturesToKeep: [Cosignature] {
        unkeptLines.prefix(Limits.commitEvents).map {
            Cosignature(size: $0.key.size, node: $0.key.node, line: $0.value)
        }
    }

    /// Of one checkpoint, those that the store may not have.
    package func unkeptCosignatures(ofSize size: Position) -> [Cosignature] {
        unkeptLines.filter { $0.key.size == size }.map {
            Cosignature(size: $0.key.size, node: $0.key.node, line: $0.value)
        }
    }

    /// The store has them.
    package mutating func kept(_ restrictions: some Sequence<Position>, _ lines: [Cosignature]) {
        unkept.subtract(restrictions)
        for line in lines { unkeptLines[CosignatureKey(size: line.size, node: line.node)] = nil }
    }
}
