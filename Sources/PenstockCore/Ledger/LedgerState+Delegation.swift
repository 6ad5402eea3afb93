extension LedgerState {
    /// Whether a grant may be issued as the child of the one it names. What is revoked has been refused before.
    func checkDelegation(_ grant: Grant, _ wall: WallTime) throws(Refusal) {
        guard let index = view.index(ofGrant: grant.parent) else {
            throw Refusal(.notFound, "no grant \(grant.parent) to delegate from")
        }
        guard !view.marks(onGrant: index).contains(.suspended) else {
            throw Refusal(.unavailable, "grant \(grant.parent) is suspended; delegate from it when it is reinstated")
        }
        let parent = view.bounds(ofGrant: index)
        guard parent.grant.expiresAt > wall else { throw Refusal(.invalid, "grant \(grant.parent) has expired") }
        let units = GrantRules(grant, unitOf: { view.budget($0)?.unit }).meteredUnits
        if let problem = grant.problem(under: parent.grant, metering: units, within: parent.units) {
            throw Refusal(.invalid, problem)
        }
    }

    /// A child is renewed within its parent's time only: renew the parent first.
    func checkDelegatedRenewal(_ grant: GrantRecord, _ expiresAt: WallTime) throws(Refusal) {
        guard grant.parent >= 0 else { return }
        let parent = view.grants[Int(grant.parent)]
        guard expiresAt <= parent.expiresAt else {
            throw Refusal(
                .invalid, "grant \(view.symbols.text(parent.grant)), its parent, expires before that; renew it first")
        }
    }
}
