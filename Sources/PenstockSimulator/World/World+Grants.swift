internal import PenstockCore

/// What an issuer grants, and what an operator takes away of it.
extension World {
    func issue(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let index = checker.grants.count
        var grant = Grant()
        grant.grantID = "g\(index)"
        grant.runID = "r\(draw.below(12))"
        grant.agentID = "a\(draw.below(6))"
        grant.agentClass = "c\(draw.below(3))"
        grant.principalID = "p\(draw.below(4))"
        grant.purpose = "u\(draw.below(4))"
        grant.audience = draw.pick(["", "mail", "mail", "post"])
        grant.allowedActions = ["tools/*"]
        grant.resources = ["tool:*"]
        grant.expiresAt = SimClock.trueWall(at: now) + draw.pick([2000, 20_000, 600_000])
        grant.renewableUntil = index % 2 == 0 ? 0 : grant.expiresAt + 600_000  // The former are forgotten soon.
        grant.budgets =
            [Amount("usd", draw.pick([10, 300, 5000, 100_000]))]
            + (draw.chance(500) ? [Amount("calls", draw.pick([5, 1000]))] : [])
        let names = checker.budgets.keys.sorted()
        if !names.isEmpty, draw.chance(400) { grant.draws = [draw.pick(names)] }
        grant.maxStalenessMS = draw.pick([0, 0, 0, 150])
        grant.linearizable = draw.chance(100)
        grant.graceMS = draw.pick([0, settings.maxGraceMS])
        grant.rates = Self.rates(seed)
        delegate(&grant, seed)
        grant.credentialDigest = Names.credential(index)
        _ = checker.reserveGrant(grant, issuer: "issuer")
        command(.grantIssued(grant), by: "issuer")
    }

    func restrict(
        _ level: Int, _ kind: Selector.Kind, _ index: Int, _ machine: Int, _ wait: Int64, _ duration: Int64
    ) {
        guard checker.grants.indices.contains(index) else { return }
        let grant = checker.grants[index].grant
        let value =
            switch kind {
            case .grant, .subtree: grant.grantID
            case .run: grant.runID
            case .agent: grant.agentID
            case .agentClass: grant.agentClass
            case .principal: grant.principalID
            case .purpose: grant.purpose
            case .audience: grant.audience.isEmpty ? "mail" : grant.audience
            case .issuer: "issuer"
            case .node: machines[machine].name
            case .all: ""
            }
        guard let selector = Selector(kind: kind, value: value) else { return }
        let levels: [Restriction.Level] = [.revoke, .suspend, .throttle(calls: 3, windowMS: 500), .scale(percent: 30)]
        let expiry = duration > 0 ? SimClock.trueWall(at: now) + duration : 0
        command(
            .restricted(Restriction(level: levels[level], selector: selector, reason: "", expiresAt: expiry)), by: "op",
            barrierMS: wait > 0 ? wait : nil)
    }
}
