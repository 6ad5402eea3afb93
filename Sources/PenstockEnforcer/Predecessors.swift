internal import PenstockCore
internal import PenstockJournal

/// What earlier incarnations of this node spent, as far as their journal proves it.
///
/// A record stands for its debits; what went back is subtracted; a `carried` record replaces everything before it.
/// Where the journal cannot prove that nothing is missing (another boot without a clean stop, a copied folder),
/// a slice counts as spent in full.
struct Predecessors {
    private(set) var used: [Position: Int64] = [:]
    private(set) var proven: Set<Incarnation> = []
    private(set) var unproven: Set<Incarnation> = []

    init(_ journal: Journal) throws(EnforcerError) {
        for segment in journal.previous {
            guard let incarnation = Incarnation(segment.incarnation) else { continue }
            if segment.proven { proven.insert(incarnation) } else { unproven.insert(incarnation) }
        }
        proven.subtract(unproven)
        var problem: String?
        var used: [Position: Int64] = [:]
        journal.forEachPreviousRecord { _, _, sequence, bytes in
            guard let record = DecisionRecord(bytes) else {
                problem = problem ?? "journal record \(sequence) cannot be read"
                return
            }
            for debit in record.debits {
                switch record.kind {
                case .decided, .held: used[debit.slice, default: 0] += debit.used
                case .settled, .released, .voided: used[debit.slice, default: 0] -= debit.used
                case .carried: used[debit.slice] = debit.used
                }
            }
        }
        if let problem { throw EnforcerError("\(problem); restore the data folder, or move its journal away and have an operator decide on its slices") }
        self.used = used
    }

    var isEmpty: Bool { proven.isEmpty && unproven.isEmpty }

    /// The figure to close a predecessor's slice with; nil when this journal is not of that incarnation.
    func closing(slice: Position, of incarnation: Incarnation, amount: Int64) -> Int64? {
        if unproven.contains(incarnation) { return amount }
        guard proven.contains(incarnation) else { return nil }
        return min(max(0, used[slice] ?? 0), amount)
    }
}
