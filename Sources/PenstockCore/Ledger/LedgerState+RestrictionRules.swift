/// What an operator takes away, and gives back.
extension LedgerState {
    /// A selector may have any characters: what a log of an older version took must stay revocable.
    func checkRestriction(_ restriction: Restriction, _ wall: WallTime) throws(Refusal) {
        guard restriction.selector.value.utf8.count <= Limits.idBytes else {
            throw Refusal(.invalid, "the selector is longer than \(Limits.idBytes) bytes")
        }
        guard restriction.expiresAt == 0 || restriction.expiresAt > wall else {
            throw Refusal(
                .invalid,
                """
                the restriction would end before it begins: it is \(wall) ms since 1970 at the ledger; set this \
                machine's clock
                """
            )
        }
        guard view.restrictions.count < Limits.restrictions else {
            throw Refusal(
                .full,
                """
                \(Limits.restrictions) restrictions stand, the limit; revoke by a wider selector and reinstate the old \
                ones
                """
            )
        }
        if case .throttle(_, let window) = restriction.level, !(1...86_400_000).contains(window) {
            throw Refusal(.invalid, "a throttle's window is 1 ms to 1 day")
        }
        if case .scale(let percent) = restriction.level, !(1...99).contains(percent) {
            throw Refusal(.invalid, "a throttle leaves 1 to 99 percent; to stop, suspend")
        }
        try checkLength(restriction.reason)
    }

    func checkLifting(_ lifting: Lifting, _ role: Role, _ wall: WallTime) throws(Refusal) {
        guard !lifting.eventIDs.isEmpty, lifting.eventIDs.count <= Limits.liftedAtOnce else {
            throw Refusal(.invalid, "name 1 to \(Limits.liftedAtOnce) events to lift")
        }
        try checkText(lifting.reason)
        for id in lifting.eventIDs {
            guard let standing = view.standing(id: id) else {
                throw Refusal(.notFound, "no standing restriction has the event id \(id)")
            }
            let expiry = standing.restriction.restriction.expiresAt
            if role == .ledger || lifting.expired {
                guard role == .ledger, expiry != 0, expiry <= wall else {
                    throw Refusal(.notPermitted, "the ledger lifts only what has expired")
                }
            }
        }
    }
}
