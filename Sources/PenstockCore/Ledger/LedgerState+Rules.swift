extension LedgerState {
    /// Whether an event may enter the log next. Its signature has been verified and its sender is the signer.
    ///
    /// - Parameter fenced: whether an incarnation of a node can only deny, now and until it is given a lease.
    package func check(_ event: Event, time: LedgerTime.Reading, fenced: (Incarnation, String) -> Bool) throws(Refusal) {
        guard event.mesh == view.mesh else { throw Refusal(.foreignMesh, "this ledger keeps mesh '\(view.mesh)'") }
        guard let signer = view.member(event.origin) else { throw Refusal(.notPermitted, "'\(event.origin)' is not a member") }
        guard Authority.permits(signer.role, event.kind.name) else {
            throw Refusal(.notPermitted, "a key of role \(signer.role.name) cannot cause \(event.kind.name.rawValue)")
        }
        switch event.kind {
        case .genesis: throw Refusal(.exists, "the mesh has its genesis")
        case .nodeAdmitted(let keys, let token): try checkJoin(keys, token, time.latest)
        case .nodeExpelled(let name, let reason): try checkExpulsion(name, reason, by: event.origin)
        case .joinTokenMade(let token): try checkToken(token, time.latest)
        case .epochOpened(let next, _):
            guard next > epoch else { throw Refusal(.invalid, "epoch \(next) is not newer than \(epoch)") }
        case .settingsChanged(let settings):
            if let problem = settings.problem { throw Refusal(.invalid, problem) }
        case .grantIssued(let grant): try checkGrant(grant, issuer: event.origin, time.latest)
        case .grantRenewed(let id, let expiresAt): try checkRenewal(id, expiresAt, issuer: event.origin, time.latest)
        case .restricted(let restriction): try checkRestriction(restriction, time.earliest)
        case .lifted(let lifting): try checkLifting(lifting, signer.role, time.earliest)
        case .budgetCreated(let budget): try checkBudget(budget)
        case .budgetCeilingSet(let key, let ceiling, let reason): try checkCeiling(key, ceiling, reason)
        case .debtRecorded(let debt): try checkDebt(debt, by: signer)
        case .debtsAccepted(let positions, let reason): try checkAcceptance(positions, reason)
        case .debtSettled(let settlement, let reason): try checkSettlement(settlement, reason)
        case .budgetChanged(let change, let reason): try checkChange(change, reason)
        case .budgetClosed(let name, let reason): try checkClosing(name, reason)
        case .rateCreated(let named): try checkRate(named)
        case .rateChanged(let rate, let reason): try checkRateChange(rate, reason)
        case .rateClosed(let name, let reason):
            guard view.rate(.named(name)) != nil else { throw Refusal(.notFound, "no rate '\(name)'") }
            try checkText(reason)
        case .timeAccepted(let leap, let reason): try checkTime(leap, reason, time)
        case .sliceReserved, .windowOpened, .budgetWarned, .timeNoted: break
        case .spendReported(let report): try checkReport(report, by: signer, fenced)
        case .sliceClosed(let report): try checkReport(report, by: signer, fenced)
        case .decisionBatch(let batch):
            guard batch.firstSequence > 0, batch.count > 0 else { throw Refusal(.invalid, "a batch of decisions lacks its numbers") }
            guard batch.firstSequence <= .max - UInt64(batch.count) else { throw Refusal(.invalid, "a batch of decisions ends past the last number") }
        }
    }

    private func checkJoin(_ keys: NodeKeys, _ hash: Digest, _ wall: WallTime) throws(Refusal) {
        guard let state = view.tokens[hash], !state.used, state.token.expiresAt > wall, state.token.role == keys.role else {
            throw Refusal(.badToken, "the join token is unknown, used, expired or for another role; ask an operator for a new one")
        }
        guard MemberName.isValid(keys.name) else { throw Refusal(.invalid, "a node's name is \(MemberName.form)") }
        guard view.members[keys.name] == nil else { throw Refusal(.exists, "a node named '\(keys.name)' has joined before; choose another name") }
        let used = view.members.values.contains { $0.keys.channel == keys.channel || $0.keys.signing == keys.signing }
        guard !used, keys.signing.count == 32, keys.channel.count == 32 else { throw Refusal(.invalid, "a node's keys must be its own") }
        guard view.members.count < Limits.nodes else { throw Refusal(.full, "the mesh has \(Limits.nodes) nodes, its limit") }
    }

    private func checkExpulsion(_ name: String, _ reason: String, by origin: String) throws(Refusal) {
        guard let member = view.member(name) else { throw Refusal(.notFound, "no node '\(name)' belongs to the mesh") }
        guard member.role != .ledger else { throw Refusal(.invalid, "the ledger cannot be expelled") }
        guard name != origin else { throw Refusal(.invalid, "an operator cannot expel itself") }
        try checkLength(reason)
    }

    private func checkToken(_ token: JoinToken, _ wall: WallTime) throws(Refusal) {
        guard token.role != .ledger else { throw Refusal(.unavailable, "one ledger keeps a mesh") }
        guard token.expiresAt > wall, token.expiresAt - 86_400_000 <= wall else { throw Refusal(.invalid, "a join token lives at most a day") }
        guard view.tokens[token.hash] == nil else { throw Refusal(.exists, "the token exists") }
    }

    private func checkGrant(_ grant: Grant, issuer: String, _ wall: WallTime) throws(Refusal) {
        if let problem = grant.problem { throw Refusal(.invalid, problem) }
        guard grant.expiresAt > wall || (grant.expiresAt == 0 && !grant.parent.isEmpty) else { throw Refusal(.invalid, "expires_at lies in the past") }
        guard grant.maxStalenessMS <= view.settings.maxStalenessMS else { throw Refusal(.invalid, "max_staleness is above the mesh's of \(view.settings.maxStalenessMS) ms") }
        guard grant.graceMS <= view.settings.maxGraceMS else { throw Refusal(.invalid, "grace is above the mesh's max_grace of \(view.settings.maxGraceMS) ms") }
        guard view.index(ofGrant: grant.grantID) == nil else { throw Refusal(.exists, "grant \(grant.grantID) exists") }
        guard view.index(of: grant.credentialDigest) == nil else { throw Refusal(.exists, "the credential belongs to another grant") }
        for name in grant.draws {
            guard let budget = view.budget(name) else { throw Refusal(.notFound, "no budget '\(name)' to draw on") }
            guard !budget.isClosed else { throw Refusal(.unavailable, "budget '\(name)' is closed") }
        }
        let marks = view.marks(onNewGrant: grant, issuer: issuer)
        guard !marks.contains(.revoked) else { throw Refusal(.revoked, "a standing revoke covers this grant; an operator must reinstate first") }
        if !grant.parent.isEmpty { try checkDelegation(grant, wall) }
    }

    private func checkRenewal(_ id: String, _ expiresAt: WallTime, issuer: String, _ wall: WallTime) throws(Refusal) {
        guard let index = view.index(ofGrant: id) else { throw Refusal(.notFound, "no grant \(id)") }
        let grant = view.grants[index]
        guard view.symbols.text(grant.issuer) == issuer else { throw Refusal(.notPermitted, "grant \(id) was issued by another issuer") }
        guard !view.marks(onGrant: index).contains(.revoked) else { throw Refusal(.revoked, "a standing revoke covers grant \(id)") }
        guard expiresAt > wall else { throw Refusal(.invalid, "expires_at lies in the past") }
        guard expiresAt > grant.expiresAt, expiresAt <= grant.renewableUntil else {
            throw Refusal(.invalid, grant.renewableUntil == 0 ? "grant \(id) cannot be renewed" : "a renewal must extend the expiry, and not past renewable_until")
        }
        try checkDelegatedRenewal(grant, expiresAt)
    }

    /// A selector may have any characters: what a log of an older version took must stay revocable.
    private func checkRestriction(_ restriction: Restriction, _ wall: WallTime) throws(Refusal) {
        guard restriction.selector.value.utf8.count <= Limits.idBytes else { throw Refusal(.invalid, "the selector is longer than \(Limits.idBytes) bytes") }
        guard restriction.expiresAt == 0 || restriction.expiresAt > wall else { throw Refusal(.invalid, "the restriction would end before it begins: it is \(wall) ms since 1970 at the ledger; set this machine's clock") }
        guard view.restrictions.count < Limits.restrictions else { throw Refusal(.full, "\(Limits.restrictions) restrictions stand, the limit; revoke by a wider selector and reinstate the old ones") }
        if case .throttle(_, let window) = restriction.level, !(1...86_400_000).contains(window) { throw Refusal(.invalid, "a throttle's window is 1 ms to 1 day") }
        if case .scale(let percent) = restriction.level, !(1...99).contains(percent) { throw Refusal(.invalid, "a throttle leaves 1 to 99 percent; to stop, suspend") }
        try checkLength(restriction.reason)
    }

    private func checkLifting(_ lifting: Lifting, _ role: Role, _ wall: WallTime) throws(Refusal) {
        guard !lifting.eventIDs.isEmpty, lifting.eventIDs.count <= Limits.liftedAtOnce else { throw Refusal(.invalid, "name 1 to \(Limits.liftedAtOnce) events to lift") }
        try checkText(lifting.reason)
        for id in lifting.eventIDs {
            guard let standing = view.standing(id: id) else { throw Refusal(.notFound, "no standing restriction has the event id \(id)") }
            let expiry = standing.restriction.restriction.expiresAt
            if role == .ledger || lifting.expired {
                guard role == .ledger, expiry != 0, expiry <= wall else { throw Refusal(.notPermitted, "the ledger lifts only what has expired") }
            }
        }
    }

    private func checkRate(_ named: NamedRate) throws(Refusal) {
        let name = named.rate.name
        guard !name.isEmpty, name.isPrintable, named.rate.unit.isPrintable, !name.contains("/") else {
            throw Refusal(.invalid, "a rate has a name without '/' or control characters, and a unit")
        }
        if let problem = named.rate.problem { throw Refusal(.invalid, problem) }
        guard named.selector.kind != .node, named.selector.value.utf8.count <= Limits.idBytes else { throw Refusal(.invalid, "a rate is for grants; a node has none") }
        if let problem = named.selector.coveringProblem { throw Refusal(.invalid, problem) }
        guard view.rate(.named(name)) == nil else { throw Refusal(.exists, "rate '\(name)' exists") }
        guard view.rates.count < Limits.namedRates else { throw Refusal(.full, "the mesh has \(Limits.namedRates) named rates, its limit") }
    }

    /// The nodes follow another limit as it reaches them; what is out stays within the larger of the two.
    private func checkRateChange(_ rate: Rate, _ reason: String) throws(Refusal) {
        guard let old = view.rates.first(where: { $0.named.rate.name == rate.name })?.named.rate else { throw Refusal(.notFound, "no rate '\(rate.name)'") }
        guard old.unit == rate.unit else { throw Refusal(.invalid, "rate '\(rate.name)' is of \(old.unit); close it and make another one for \(rate.unit)") }
        if let problem = rate.problem { throw Refusal(.invalid, problem) }
        try checkText(reason)
    }

    /// A leap that its operator has not seen is not accepted.
    private func checkTime(_ leap: Int64, _ reason: String, _ time: LedgerTime.Reading) throws(Refusal) {
        try checkText(reason)
        guard time.leapMS != 0 else { throw Refusal(.invalid, "the ledger's wall clock agrees with its continuous clock; there is no leap to accept") }
        let (difference, overflow) = leap.subtractingReportingOverflow(time.leapMS)
        guard !overflow, difference.magnitude <= Limits.clockToleranceMS else {
            throw Refusal(.invalid, "the ledger's wall clock is off by \(time.leapMS) ms, not by \(leap); look at 'penstock time show' again")
        }
    }

    /// No restriction fails for how its reason is written: whoever shows it, shows such characters as their numbers.
    private func checkLength(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Limits.textBytes else { throw Refusal(.invalid, "a reason has at most \(Limits.textBytes) bytes") }
    }

    func checkText(_ text: String) throws(Refusal) {
        try checkLength(text)
        guard text.isPrintable else { throw Refusal(.invalid, "a reason has a control character in it, or one that turns the direction of writing") }
    }
}
