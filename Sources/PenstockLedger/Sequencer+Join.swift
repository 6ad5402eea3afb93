internal import PenstockCore
internal import PenstockNode
internal import PenstockWire

/// Admits the nodes that the join door let through.
extension Sequencer {
    func takeJoins() {
        for (name, number) in joins.takeCounters() { counters[name, default: 0] += number }
        var batch = Batch()
        for join in joins.take() {
            do throws(Refusal) {
                let now = Clocks.now()
                try ledger.checkServing()
                // It was admitted, and did not hear so: it has just proven again that it holds these keys.
                if ledger.state.view.member(join.keys.name) == join.keys, ledger.state.view.tokens[join.tokenHash] != nil {
                    try ledger.checkDurable()
                    // Its admission may be in this commit.
                    batch.joiners.append((join.route, ledger.state.view.position))
                    continue
                }
                let event = signer.sign(.nodeAdmitted(join.keys, tokenHash: join.tokenHash), at: ledger.stamp(at: now))
                let position = try ledger.stage(event.event, at: now)
                batch.add(event, at: position)
                batch.joiners.append((join.route, position))
            } catch {
                joins.answer(join.route, refusal: error)
            }
        }
        if !batch.joiners.isEmpty { _ = commit(&batch) }
    }
}
