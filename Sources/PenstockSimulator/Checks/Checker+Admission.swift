internal import PenstockCore

extension Checker {
    /// An allow leaves a process now.
    func admitted(_ admission: Admission, now: Int64, world: World) {
        let facts = grants[admission.grant]
        if now >= facts.forbiddenFrom {
            world.fail(
                .revocation,
                """
                machine \(admission.machine) admitted \(facts.grant.grantID), forbidden for \
                \((now - facts.forbiddenFrom) / 1_000_000) ms
                """
            )
        }
        let name = world.machines[admission.machine].name
        for restricted in standing.values {
            if restricted.restriction.selector == .node(name), !restricted.restriction.level.isThrottle,
                now >= forbidden(by: restricted)
            {
                world.fail(
                    .revocation, "machine \(admission.machine) admitted a call, though node \(name) is restricted")
            }
        }
        world.fail(fresh(admission, now: now, world: world))
        world.fail(within(admission, wall: world.host.clock.undisturbedWall(at: now)))
    }

    /// G1, G5: the view that decides has everything that was durable a bound ago; for a linearizable grant, everything
    /// that was durable when the call arrived. After a restore the log itself is another.
    private func fresh(_ admission: Admission, now: Int64, world: World) -> Violation? {
        guard now > restoredAt + 2 * settings.bound else { return nil }
        let durable = world.log.durableAt
        let index = Int(admission.applied)
        if index < durable.count, durable[index] <= now - bound(of: admission.grant) {
            return Violation(
                .failClosed,
                """
                machine \(admission.machine) decided on position \(admission.applied), though \(index + 1) was \
                durable \((now - durable[index]) / 1_000_000) ms before
                """
            )
        }
        if admission.isLinearizable, admission.applied < admission.headAtArrival {
            return Violation(
                .failClosed,
                """
                a linearizable call was decided on position \(admission.applied), \(admission.headAtArrival) was \
                durable when it came
                """
            )
        }
        return nil
    }

    /// G5: a lease that counts from an echo is on a view that has everything that was durable when that echo was sent.
    func confirmed(_ process: EnforcerProcess, _ machine: Machine, now: Int64) -> Violation? {
        guard let at = process.enforcement.lease.confirmedAt, at != process.leaseSeen,
            now > restoredAt + 2 * settings.bound
        else { return nil }
        process.leaseSeen = at
        guard let (head, bounds) = process.echoes[at] else {
            return Violation(.failClosed, "machine \(machine.index) holds a lease from no echo of its own")
        }
        process.echoes = process.echoes.filter { $0.key > at }
        guard bounds.contains(process.enforcement.lease.bounds) else {
            return Violation(
                .revocation, "machine \(machine.index) holds a lease under bounds that were not in force when it asked")
        }
        return head <= process.follower.applied
            ? nil
            : Violation(
                .failClosed,
                """
                machine \(machine.index) counts a lease from when \(head) was durable, with a view of \
                \(process.follower.applied)
                """
            )
    }

    /// B of one grant, by its definition.
    private func bound(of grant: Int) -> Nanoseconds {
        var own = settings
        let line = line(grant).map { grants[$0].grant }
        for grant in line where grant.maxStalenessMS > 0 {
            own.maxStalenessMS = min(own.maxStalenessMS, grant.maxStalenessMS)
        }
        own.maxGraceMS = line.map(\.graceMS).min()!
        return own.bound
    }

    /// G4: the decision is in the journal before anybody hears of it.
    func recorded(_ sequence: UInt64, on machine: Machine) -> Violation? {
        sequence > 0 && machine.disk.holds(sequence)
            ? nil : Violation(.evidence, "machine \(machine.index) gave out an allow that is not recorded")
    }

    /// G4: every denial has a record, or is in a count that has one or waits for one.
    func accounted(_ verdict: Verdict, _ process: EnforcerProcess, countedBefore: UInt64) -> Violation? {
        let counted = process.enforcement.countedDenials
        guard
            verdict.isAllow || verdict.reason == .budgetPending || verdict.sequence > 0
                || counted.total == countedBefore + 1
        else {
            return Violation(.evidence, "a denial as \(verdict.reason.name) is neither recorded nor counted")
        }
        guard process.denialsCounted + counted.waiting == counted.total else {
            return Violation(
                .evidence,
                """
                \(counted.total) denials were counted, \(process.denialsCounted) are recorded and \(counted.waiting) \
                wait
                """
            )
        }
        return nil
    }

    // MARK: G6

    /// Who may cause what, written down a second time.
    func authority(_ event: Event) -> Violation? {
        let allowed: [String]
        switch event.kind {
        case .nodeExpelled, .joinTokenMade, .settingsChanged, .restricted, .budgetCreated, .budgetCeilingSet,
            .debtsAccepted, .debtSettled, .budgetChanged, .budgetClosed, .rateCreated,
            .rateChanged, .rateClosed, .timeAccepted:
            allowed = ["op"]
        case .grantIssued, .grantRenewed: allowed = ["issuer"]
        case .lifted(let lifting): allowed = lifting.expired ? ["ledger"] : ["op"]
        case .nodeAdmitted, .epochOpened, .sliceReserved, .windowOpened, .budgetWarned, .timeNoted, .forgotten:
            allowed = ["ledger"]
        case .sliceClosed where event.origin == "op": return nil
        case .spendReported, .sliceClosed, .debtRecorded, .decisionBatch:
            return event.origin.hasPrefix("n") ? nil : Violation(.authority, "\(event.origin) reported as an enforcer")
        case .genesis: allowed = []
        }
        return allowed.contains(event.origin)
            ? nil : Violation(.authority, "\(event.origin) caused a \(event.kind.name.rawValue)")
    }
}
