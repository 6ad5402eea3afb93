/// What lets the records before it go: how much of each slice is used, and what is owed.
extension Enforcement {
    /// How much is used of each slice that the ledger counts as open, holds included, some at a time: records that
    /// stand for all before them. Nil past the last one.
    package func carried(from place: inout CarryPlace) -> DecisionRecord? {
        while place.shard < shards.count {
            if let record = carried(of: shards[place.shard], from: &place) { return record }
            place = CarryPlace(shard: place.shard + 1)
        }
        return nil
    }

    private func carried(of shard: borrowing Shard, from place: inout CarryPlace) -> DecisionRecord? {
        var record = DecisionRecord(kind: .carried)
        while place.account < shard.purse.count, record.debits.count < Self.carriedPerRecord {
            record.debits += shard.purse.account(Int32(place.account)).slices.map { .init(slice: $0.id, used: $0.used) }
            place.account += 1
        }
        if place.account == shard.purse.count, record.debits.count < Self.carriedPerRecord {
            let unclosed = shard.purse.unclosed(limit: .max).dropFirst(place.unclosed).prefix(Self.carriedPerRecord)
            record.debits += unclosed
            place.unclosed += unclosed.count
        }
        return record.debits.isEmpty ? owedAgain(shard.owing, from: &place) : record
    }

    private func owedAgain(_ owing: [Debt], from place: inout CarryPlace) -> DecisionRecord? {
        guard place.owing < owing.count else { return nil }
        let debt = owing[place.owing]
        place.owing += 1
        var record = DecisionRecord(kind: .owedAgain)
        (record.decision, record.amounts) = (debt.decision, debt.amounts)
        record.grant = node.view.index(ofGrant: debt.grantID).map { node.view.grants[$0].position } ?? 0
        return record
    }

    /// How far `carried` has come.
    package struct CarryPlace: Sendable {
        fileprivate var shard = 0
        fileprivate var account = 0
        fileprivate var unclosed = 0
        fileprivate var owing = 0
        package init() {}
        fileprivate init(shard: Int) { self.shard = shard }
    }

    private static let carriedPerRecord = 1000
}
