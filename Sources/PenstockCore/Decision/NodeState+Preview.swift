extension NodeState {
    /// All checks but rate and budget; nothing is taken or counted.
    ///
    /// - Parameter arrivedAt: of a call that is really made: a linearizable grant needs an echo sent since. Without it,
    ///   conditions on arguments that are not given are left out too: a list of tools cannot know them.
    package func preview(_ call: borrowing Call, arrivedAt: Instant? = nil, now: Instant) -> Verdict {
        var verdict = Verdict(reason: .noView, grant: -1, position: 0, viewAge: -1, usableUntil: 0)
        guard halted == nil, hasView else { return verdict }
        verdict.position = view.position
        verdict.viewAge = lease.age(at: now) ?? .max
        verdict.reason = .staleView
        guard let clock = lease.clock, let confirmedAt = lease.confirmedAt, view.position >= call.atLeast else {
            return verdict
        }
        guard let index = view.index(of: call.credential) else {
            verdict.reason = isFresh(at: now) ? .unknownCredential : .staleView
            return verdict
        }
        verdict.grant = Int32(index)
        let staleness = allowedAge(ofGrant: view.grants[index])
        verdict.usableUntil = confirmedAt + staleness
        guard verdict.viewAge < staleness else { return verdict }
        if let arrivedAt, isLinearizable(view.grants[index], call), confirmedAt < arrivedAt { return verdict }
        verdict.reason = check(
            call, view.grants[index], index, clock, now, argumentsKnown: arrivedAt != nil, counts: false)
        verdict.usableUntil = min(verdict.usableUntil, expiry(view.grants[index], clock, now))
        return verdict
    }
}
