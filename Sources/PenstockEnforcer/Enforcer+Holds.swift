public import PenstockCore
public import PenstockGatekeeper
internal import PenstockJournal
internal import PenstockSystem

/// The end of a call that holds.
extension Enforcer {
    /// The decision whose permit this incarnation gave, and the shard that holds for it.
    private func decision(ofPermit permitID: String) throws(HoldError) -> (sequence: UInt64, shard: Int) {
        guard let (decisionID, shard) = permits.decision(permitID) else {
            let giver = permitID.prefix { $0 != "-" }
            throw giver.count == incarnation.description.count && giver != incarnation.description
                ? .otherNode : .unknownHold
        }
        let parts = decisionID.split(separator: "-")
        guard parts.count == 2, parts[0] == incarnation.description, let sequence = UInt64(parts[1]),
            shards.indices.contains(shard)
        else { throw .unknownHold }
        return (sequence, shard)
    }

    public func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        guard let actual = CallAmounts(declared: actual), priced.isWithinLimits else { throw .malformed }
        let (decision, shard) = try decision(ofPermit: permitID)
        try settle(decision, in: shard, actual, priced)
        await waitForDebt(of: decision, in: shard)
    }

    /// A debt above the tolerance is at the ledger before its answer is heard, so that it outlives this node's disk:
    /// where the ledger answers in a moment, and not too many wait. It is in the journal in any case. Those who wait
    /// with a debt have the part of one grant, all together.
    private func waitForDebt(of decision: UInt64, in shard: Int) async {
        let deadline = Clocks.now() + Self.debtPatience
        while !Task.isCancelled {
            let ticket = state.withShard(shard) { enforcement -> Waiters.Ticket? in
                let now = Clocks.now()
                guard now < deadline, enforcement.node.halted == nil,
                    enforcement.shards[shard].owes(for: decision, under: enforcement.node)
                else { return nil }
                return waiters.ticket(for: .debts, of: .zero, until: deadline, at: now)
            }
            guard let ticket else { return }
            await waiters.wait(ticket)
        }
    }

    private static var debtPatience: Nanoseconds { .nanosecondsPerSecond }

    func settle(
        _ decision: UInt64, in shard: Int, _ actual: borrowing CallAmounts, _ priced: Priced
    ) throws(HoldError) {
        // What a budget cannot be charged with would be lost once it was answered.
        guard actual.isWithinLimits else { throw .overLimit }
        try end(decision, in: shard) { shard, node throws(HoldError) in
            if let unit = shard.uncharged(decision, actual: actual, under: node) { throw .notCharged(unit) }
            return shard.settle(
                decision, actual: actual, priced: priced, under: node,
                journal: Recorder(journal, lane: Int(shard.number)))
        }
    }

    public func release(_ permitID: String) async throws(HoldError) {
        let (decision, shard) = try decision(ofPermit: permitID)
        try end(decision, in: shard) { shard, node in
            shard.release(decision, under: node, journal: Recorder(journal, lane: Int(shard.number)))
        }
    }

    private func end(
        _ decision: UInt64, in shard: Int,
        _ step: (inout Shard, borrowing NodeState) throws(HoldError) -> UInt64?
    ) throws(HoldError) {
        var (grant, owes, freezes) = (Int32(-1), false, false)
        let recorded = try state.withShard(shard) { enforcement throws(HoldError) -> UInt64 in
            grant = enforcement.shards[shard].grant(ofHold: decision)
            if let recorded = try step(&enforcement.shards[shard], enforcement.node) {
                owes = !enforcement.shards[shard].owing.isEmpty
                freezes = enforcement.shards[shard].hasToFreeze
                return recorded
            }
            switch enforcement.shards[shard].calls.end(of: decision) {
            case .settled: throw .alreadySettled
            case .released: throw .alreadyReleased
            case .overdue: throw .overdue
            case nil: throw .unknownHold
            }
        }
        // Before anyone hears the answer, no shard spends under what owes.
        if freezes { state.withAll { $0.freezeDebts() } }
        if owes { signal() }
        // What went back may do for one that waits.
        waiters.wake(CollectionOfOne(.slices(grant: grant)))
        if recorded == 0 { throw .unrecordable }
    }
}
