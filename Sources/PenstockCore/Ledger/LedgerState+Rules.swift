extension LedgerState {
    /// Whether an event may enter the log next. Its signature has been verified and its sender is the signer.
    ///
    /// - Parameter fenced: whether an incarnation of a node can only deny, now and until it is given a lease.
    package func check(_ event: Event, time: LedgerTime.Reading, fenced: (Incarnation, String) -> Bool) throws(Refusal)
    {
        guard event.mesh == view.mesh else { throw Refusal(.foreignMesh, "this ledger keeps mesh '\(view.mesh)'") }
        guard let signer = view.member(event.origin) else {
            throw Refusal(.notPermitted, "'\(event.origin)' is not a member")
        }
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
        case .sliceReserved, .windowOpened, .budgetWarned, .timeNoted, .forgotten: break
        case .spendReported(let report): try checkReport(report, by: signer, fenced)
        case .sliceClosed(let report): try checkReport(report, by: signer, fenced)
        case .decisionBatch(let batch):
            guard batch.firstSequence > 0, batch.count > 0 else {
                throw Refusal(.invalid, "a batch of decisions lacks its numbers")
            }
            guard batch.firstSequence <= .max - UInt64(batch.count) else {
                throw Refusal(.invalid, "a batch of decisions ends past the last number")
            }
        }
    }

    private func checkGrant(_ grant: Grant, issuer: String, _ wall: WallTime) throws(Refusal) {
        if let problem = grant.problem { throw Refusal(.invalid, problem) }
        guard grant.expiresAt > wall || (grant.expiresAt == 0 && !grant.parent.isEmpty) else {
            throw Refusal(.invalid, "expires_at lies in the past")
        }
        guard grant.maxStalenessMS <= view.settings.maxStalenessMS else {
            throw Refusal(.invalid, "max_staleness is above the mesh's of \(view.settings.maxStalenessMS) ms")
        }
        guard grant.graceMS <= view.settings.maxGraceMS else {
            throw Refusal(.invalid, "grace is above the mesh's max_grace of \(view.settings.maxGraceMS) ms")
        }
        try checkID(grant)
        guard view.index(of: grant.credentialDigest) == nil else {
            throw Refusal(.exists, "the credential belongs to another grant")
        }
        for name in grant.draws {
            guard let budget = view.budget(name) else { throw Refusal(.notFound, "no budget '\(name)' to draw on") }
            guard !budget.isClosed else { throw Refusal(.unavailable, "budget '\(name)' is closed") }
        }
        let marks = view.marks(onNewGrant: grant, issuer: issuer)
        guard !marks.contains(.revoked) else {
            throw Refusal(.revoked, "a standing revoke covers this grant; an operator must reinstate first")
        }
        if !grant.parent.isEmpty { try checkDelegation(grant, wall) }
    }

    private func checkRenewal(_ id: String, _ expiresAt: WallTime, issuer: String, _ wall: WallTime) throws(Refusal) {
        guard let index = view.index(ofGrant: id) else { throw Refusal(.notFound, "no grant \(id)") }
        let grant = view.grants[index]
        guard view.symbols.text(grant.issuer) == issuer else {
            throw Refusal(.notPermitted, "grant \(id) was issued by another issuer")
        }
        guard !view.marks(onGrant: index).contains(.revoked) else {
            throw Refusal(.revoked, "a standing revoke covers grant \(id)")
        }
        guard expiresAt > wall else { throw Refusal(.invalid, "expires_at lies in the past") }
        guard expiresAt > grant.expiresAt, expiresAt <= grant.renewableUntil else {
            throw Refusal(
                .invalid,
                grant.renewableUntil == 0
                    ? "grant \(id) cannot be renewed" : "a renewal must extend the expiry, and not past renewable_until"
            )
        }
        try checkDelegatedRenewal(grant, expiresAt)
    }

    /// A leap that its operator has not seen is not accepted.
    private func checkTime(_ leap: Int64, _ reason: String, _ time: LedgerTime.Reading) throws(Refusal) {
        try checkText(reason)
        guard time.leapMS != 0 else {
            throw Refusal(
                .invalid, "the ledger's wall clock agrees with its continuous clock; there is no leap to accept")
        }
        let (difference, overflow) = leap.subtractingReportingOverflow(time.leapMS)
        guard !overflow, difference.magnitude <= Limits.clockToleranceMS else {
            throw Refusal(
                .invalid,
                """
                the ledger's wall clock is off by \(time.leapMS) ms, not by \(leap); look at 'penstock time show' again
                """
            )
        }
    }

    /// No restriction fails for how its reason is written: whoever shows it, shows such characters as their numbers.
    func checkLength(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Limits.textBytes else {
            throw Refusal(.invalid, "a reason has at most \(Limits.textBytes) bytes")
        }
    }

    func checkText(_ text: String) throws(Refusal) {
        try checkLength(text)
        guard text.isPrintable else {
            throw Refusal(
                .invalid, "a reason has a control character in it, or one that turns the direction of writing")
        }
    }
}
