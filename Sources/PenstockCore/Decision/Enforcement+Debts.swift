/// Debts: what calls cost above what they held.
extension Enforcement {
    /// Debts of all shards that the ledger has not recorded yet.
    package var owing: [Debt] { shards.indices.flatMap { shards[$0].owing } }

    /// Grants of a shard whose debts the ledger has not recorded yet.
    func owingGrants(of shard: Int) -> Set<Int32> {
        Set(shards[shard].owing.compactMap { node.view.index(ofGrant: $0.grantID).map(Int32.init) })
    }

    /// The ledger has recorded a debt, or refused it for good.
    package mutating func forget(_ debt: Debt) {
        for shard in shards.indices { shards[shard].forget(debt) }
    }

    /// A debt whose event the log may not have yet: its grant's calls are denied at once, in every shard.
    mutating func freeze(for debt: Debt) {
        if node.view.freezes(debt) { node.view.freeze(debt.grantID) }
    }

    /// What shards owe for calls that have just ended.
    package mutating func freezeDebts() {
        for shard in shards.indices where shards[shard].hasToFreeze {
            shards[shard].hasToFreeze = false
            for debt in shards[shard].owing { freeze(for: debt) }
        }
    }

    /// The ledger has recorded a debt, now or before. If an operator has accepted it since, or a tolerance covers it,
    /// nothing freezes its grant here.
    mutating func noteRecorded(_ debt: Debt) {
        forget(debt)
        if !owing.contains(where: { $0.grantID == debt.grantID && node.view.freezes($0) }) {
            node.view.thaw(debt.grantID)
        }
    }
}
