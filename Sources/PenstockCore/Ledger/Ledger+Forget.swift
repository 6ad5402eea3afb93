/// When the ledger forgets. Nothing waits for it: a few times a second it looks at a part of the grants.
extension Ledger {
    /// What has ended for so long that it is kept no more, as an event of the ledger's own. By the earliest time that
    /// it could be, and by the one that the event is stamped with, which every fold holds it against.
    package mutating func toForget(at now: Instant) -> EventKind? {
        guard halted == nil, awaited.isEmpty, room.admits(.forgotten) else { return nil }
        let time = min(stamp(at: now), time.reading(at: now).earliest)
        var forgetting = Forgetting(tokens: tokens(by: time, keptMS: keptMS))
        let (view, first) = (next.view, next.view.firstGrant(after: forgetScan))
        let end = min(view.handles.count, first + Limits.grantsPerPart)
        forgetScan = end < view.handles.count ? view.grants[Int(view.handles[end - 1])].position : 0
        guard next.forgotten.count + Limits.forgottenAtOnce <= Limits.forgottenGrants else {
            return forgetting.isEmpty ? nil : .forgotten(forgetting)
        }
        // Looked for once, and only where a grant has ended.
        lazy var owing = next.book.owingGrants.union(view.debts.values.lazy.map(\.grantID))
        for handle in view.handles[first..<end] where view.isOver(Int(handle), by: time, keptMS: keptMS) {
            guard next.isForgettable(Int(handle), owing: owing, by: time, keptMS: keptMS) else { continue }
            let position = view.grants[Int(handle)].position
            forgetting.grants.append(position)
            guard forgetting.grants.count == Limits.forgottenAtOnce else { continue }
            forgetScan = position
            break
        }
        return forgetting.isEmpty ? nil : .forgotten(forgetting)
    }

    private func tokens(by time: WallTime, keptMS: Int64) -> [Digest] {
        let over = next.view.tokens.values.lazy.filter { next.view.isOver($0.token, by: time, keptMS: keptMS) }
        return over.map(\.token.hash).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
            .prefix(Limits.forgottenAtOnce).map { $0 }
    }
}
