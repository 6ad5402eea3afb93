/// What earlier incarnations of a node spent, as far as their journal proves it.
///
/// A record stands for its debits; what went back is subtracted; a `carried` record replaces everything before it.
/// Where the journal cannot prove that nothing is missing (another boot without a clean stop, a copied folder),
/// a slice counts as spent in full.
package struct Predecessors: Sendable {
    private var used: [Position: Int64] = [:]
    private var owed: [Owed: (grant: Position, amounts: [Amount])] = [:]
    private var proven: Set<Incarnation> = []
    private var unproven: Set<Incarnation> = []
    /// Calls that were allowed under an id, by their decisions, the oldest first.
    private var named: [(decision: UInt64, call: Named)] = []
    private var voided: Set<UInt64> = []
    /// Holds that nothing has ended, and which run gave them.
    private var held: [UInt64: (record: DecisionRecord, run: Incarnation)] = [:]

    package struct Named: Hashable, Sendable {
        /// Of the event that issued the grant.
        package var grant: Position
        package var callID: String
    }

    package init() {}

    /// Ids under which something was spent, or is charged: as many as a node remembers, the last ones.
    var callIDs: [(decision: UInt64, call: Named)] {
        named.suffix(Limits.callIDs).filter { !voided.contains($0.decision) }
    }

    /// How the holds ended that were open when their runs did, the oldest first.
    package var ends: [DecisionRecord] {
        held.sorted { $0.key < $1.key }.map { DecisionRecord(ending: $0.value.record, $0.key, of: $0.value.run) }
    }

    /// One record, by its number.
    package mutating func add(_ record: DecisionRecord, sequence: UInt64, of run: Incarnation = .unknown) {
        add(record.kind, record.debits)
        if record.kind == .held {
            held[sequence] = (record, run)
        } else if record.kind.endsDecision {
            held[record.decision] = nil
        }
        switch record.kind {
        case .decided, .held:
            guard record.reason == .none, !record.callID.isEmpty else { return }
            named.append((sequence, Named(grant: record.grant, callID: record.callID)))
            if named.count >= 2 * Limits.callIDs { named.removeFirst(Limits.callIDs) }
        case .voided: voided.insert(record.decision)
        case .settled, .released, .carried, .owed, .owedAgain, .counted: break
        }
    }

    package var isEmpty: Bool { proven.isEmpty && unproven.isEmpty }

    /// The highest slice that a record names.
    package var highestSlice: Position { used.keys.max() ?? 0 }

    /// One of its journal's parts: the incarnation is proven only if every part is.
    package mutating func add(_ incarnation: Incarnation, proven isProven: Bool) {
        if !isProven { unproven.insert(incarnation) }
        if isProven, !unproven.contains(incarnation) { proven.insert(incarnation) }
        proven.subtract(unproven)
    }

    /// The journal's records in their order.
    package mutating func add(_ kind: DecisionRecord.Kind, _ debits: some Sequence<SliceReport.Use>) {
        for debit in debits {
            switch kind {
            case .decided, .held: used[debit.slice, default: 0] += debit.used
            case .settled, .released, .voided: used[debit.slice, default: 0] -= debit.used
            case .carried: used[debit.slice] = debit.used
            case .owed, .owedAgain, .counted: break
            }
        }
    }

    /// A record of what an incarnation owes.
    package mutating func add(owed record: DecisionRecord, by incarnation: Incarnation) {
        owed[Owed(incarnation: incarnation, decision: record.decision)] = (record.grant, record.amounts)
    }

    /// What they owe; the ledger knows which of it was told before. It takes no amount above the limit, and is told
    /// that one.
    func debts(_ view: View) -> [Debt] {
        owed.sorted { ($0.key.incarnation, $0.key.decision) < ($1.key.incarnation, $1.key.decision) }.compactMap {
            name, owed in
            view.grant(issuedAt: owed.grant).map {
                Debt(
                    incarnation: name.incarnation, decision: name.decision, grantID: $0,
                    amounts: owed.amounts.map { Amount($0.unit, min($0.value, Limits.amount)) })
            }
        }
    }

    private struct Owed: Hashable {
        var incarnation: Incarnation
        var decision: UInt64
    }

    /// The figure to close a predecessor's slice with; nil when this journal is not of that incarnation.
    package func closing(slice: Position, of incarnation: Incarnation, amount: Int64) -> Int64? {
        if unproven.contains(incarnation) { return amount }
        guard proven.contains(incarnation) else { return nil }
        return min(max(0, used[slice] ?? 0), amount)
    }
}
