/// Which records an audit asks for. What is not set excludes nothing.
package struct DecisionFilter: Sendable {
    /// By the node's clock, and before `until`.
    package var since: WallTime = .min
    package var until: WallTime = .max
    /// Any of these: names of kinds, or of what they came to.
    package var words: Set<String> = []
    package var reason: Reason?
    package var action: Pattern? { didSet { action = action?.kept } }
    package var resource: ResourcePattern? { didSet { resource = resource?.kept } }
    /// This decision, and what ends it: in the run that made it, or in a later one of its node.
    package var decision: (run: Incarnation, sequence: UInt64)?
    /// Positions of grants' events, in order.
    package var grants: [Position]?
    /// Of more such events: of grants that are forgotten.
    package var forgotten: Set<Position> = []

    package init() {}

    /// - Parameter run: which made the record.
    package func takes(_ bytes: UnsafeRawBufferPointer, sequence: UInt64, of run: Incarnation?) -> Bool {
        guard let head = DecisionRecord.Head(bytes), let name = head.kind.name else { return false }
        if let decision {
            let ends =
                head.kind.endsDecision && head.decision == decision.sequence && (head.endedRun ?? run) == decision.run
            guard ends || run == decision.run && sequence == decision.sequence else { return false }
        }
        guard since <= head.wall, head.wall < until, reason == nil || head.reason == reason else { return false }
        guard words.isEmpty || words.contains(name) || words.contains(head.outcome.rawValue) else { return false }
        if let grants, !Self.has(grants, head.grant), !forgotten.contains(head.grant) { return false }
        if action == nil, resource == nil { return true }
        guard let record = DecisionRecord(bytes) else { return false }
        return action?.catches(record.action) ?? true
            && resource?.catches(type: record.resourceType, id: record.resourceID) ?? true
    }

    private static func has(_ positions: [Position], _ position: Position) -> Bool {
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if positions[middle] < position { low = middle + 1 } else { high = middle }
        }
        return low < positions.count && positions[low] == position
    }
}

extension Pattern {
    /// As a record has an exact text that is too long for it.
    fileprivate var kept: Pattern { isPrefix ? self : Pattern(exact: DecisionRecord.kept(text)) }
}

extension ResourcePattern {
    fileprivate var kept: ResourcePattern { ResourcePattern(type: type.kept, id: id.kept) }
}

extension DecisionRecord {
    /// What a record came to.
    package enum Outcome: String, Sendable, CaseIterable {
        case allow, deny, settle, release, void, debt
    }

    package var outcome: Outcome { Self.outcome(kind, reason) }

    fileprivate static func outcome(_ kind: Kind, _ reason: Reason) -> Outcome {
        switch kind {
        case .decided, .held: reason == .none ? .allow : .deny
        case .counted: .deny
        case .settled: .settle
        case .released: .release
        case .voided, .carried: .void
        case .owed, .owedAgain: .debt
        }
    }

    /// Every word that a filter takes.
    package static var filterWords: [String] {
        let kinds = Kind.allCases.compactMap(\.name)
        return Outcome.allCases.map(\.rawValue) + kinds.filter { Outcome(rawValue: $0) == nil }
    }

    /// The first part of a record, which lies at the same place in every version.
    package struct Head: Sendable {
        package var kind: Kind
        package var reason: Reason
        package var wall: WallTime
        package var grant: Position
        package var decision: UInt64
        package var endedRun: Incarnation?

        package var outcome: Outcome { DecisionRecord.outcome(kind, reason) }

        package init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= DecisionRecord.fixedBytes, let kind = Kind(rawValue: bytes[0]),
                let reason = Reason(rawValue: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            else { return nil }
            (self.kind, self.reason) = (kind, reason)
            wall = bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)
            grant = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            decision = bytes.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
            let run = kind.endsDecision ? Incarnation(bytes[64..<64 + Incarnation.byteCount]) : nil
            endedRun = run == .unknown ? nil : run
        }
    }

    /// The records of a batch as it was shipped: each after its length in 4 bytes.
    package static func forEach(inBatch bytes: [UInt8], _ body: (Int, UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { memory in
            var (offset, index) = (0, 0)
            while memory.count - offset >= 4 {
                let count = Int(memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                offset += 4
                guard memory.count - offset >= count else { return }
                body(index, UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count]))
                (offset, index) = (offset + count, index + 1)
            }
        }
    }
}

extension DecisionRecord.Kind {
    /// As an audit names it; nil for what only a node reads.
    package var name: String? {
        switch self {
        case .decided: "call"
        case .held: "hold"
        case .settled: "settle"
        case .released: "release"
        case .voided: "void"
        case .owed: "debt"
        case .counted: "count"
        case .carried, .owedAgain: nil
        }
    }

    /// Whether a record of it speaks of an earlier one.
    package var endsDecision: Bool {
        switch self {
        case .settled, .released, .voided, .owed: true
        case .decided, .held, .carried, .counted, .owedAgain: false
        }
    }
}
