/// What others hold unspent is called back for those who wait.
extension Ledger {
    /// A grant's unit of which an incarnation is asked to give back what is unspent.
    package struct Recall: Hashable, Sendable {
        package var incarnation: Incarnation
        package var grantID: String
        package var unit: String

        var grantHolder: GrantHolder { GrantHolder(incarnation: incarnation, grantID: grantID) }
    }

    struct GrantHolder: Hashable {
        var incarnation: Incarnation
        var grantID: String
    }

    /// Whose unspent slices are wanted back now; those that were not given back are named again.
    package mutating func recalls(at now: Instant) -> Set<Recall> {
        var recalls: Set<Recall> = []
        // What an older request waits with is left to it, or two that want both of two units could wait for ever.
        var older: Set<GrantHolder> = []
        for index in reserves.indices {
            let request = reserves[index].request
            older.insert(GrantHolder(incarnation: request.incarnation, grantID: request.grantID))
            guard now - Self.recallInterval >= reserves[index].recalledAt else { continue }
            reserves[index].recalledAt = now
            let own = GrantHolder(incarnation: request.incarnation, grantID: request.grantID)
            recalls.formUnion(next.book.holders(of: tight(request)).filter { !older.contains($0.grantHolder) })
            recalls.formUnion(next.book.holders(of: capped(request)).filter { $0.grantHolder == own })
        }
        if now - Self.recallInterval >= pressedRecalledAt, !next.book.pressed.isEmpty {
            pressedRecalledAt = now
            recalls.formUnion(next.book.holders(of: next.book.pressed))
        }
        return recalls.filter { presence.isLive($0.incarnation, at: now) }
    }

    /// What was not given back by then is asked for again.
    static let recallInterval: Nanoseconds = 100 * .nanosecondsPerMillisecond
}
