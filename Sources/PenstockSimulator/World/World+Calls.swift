internal import PenstockCore

/// What agents do: calls, and ends of the calls that hold.
extension World {
    func decide(_ call: CallUnderWay, _ process: EnforcerProcess, _ machine: Machine) {
        let facts = checker.grants[call.grant]
        var asked = Call(
            Presented(facts.grant.credentialDigest), action: "tools/call", resourceType: "tool", resourceID: "git",
            amounts: CallAmounts(call.amounts)!, callID: call.callID, holds: call.holds)
        asked.attributes = ["env": Self.environment(of: call.amounts)]
        process.stall = 0
        let countedBefore = process.enforcement.countedDenials.total
        let local = machine.clock.instant(at: now)
        let verdict = process.enforcement.decide(
            asked, arrivedAt: machine.clock.instant(at: call.arrivedAt),
            journal: SimJournal(world: self, machine: machine, process: process))
        machine.busyUntil = now + process.stall
        lastReason = verdict.reason
        fail(checker.accounted(verdict, process, countedBefore: countedBefore))
        switch verdict.reason {
        case .none: allowed(call, verdict, process, machine)
        case .budgetPending:
            if let lack = process.enforcement.shards[Int(verdict.shard)].refusal(
                of: verdict, since: machine.clock.instant(at: call.arrivedAt))
            {
                coverage.note(
                    lack.reason == .budgetExhausted
                        ? .exhausted : lack.reason == .budgetClosed ? .closedDenial : .heldElsewhere)
                fail(checker.denied(lack.reason, call, world: self))
                return
            }
            tick(process, machine)
            retry(call)
        case .staleView:
            coverage.note(.staleDenial)
            guard process.enforcement.isFresh(at: local), verdict.grant >= 0,
                process.enforcement.view.rules[Int(process.enforcement.view.grants[Int(verdict.grant)].rules)]
                    .linearizable
            else { return }
            process.echoWanted = process.echoWanted || !call.hasAsked
            tick(process, machine)
            var asked = call
            asked.hasAsked = true
            retry(asked)
        case .budgetExhausted:
            coverage.note(.exhaustedAtOnce)
            fail(checker.denied(.budgetExhausted, call, world: self))
        case .revoked, .suspended: coverage.note(.revokedDenial)
        case .unrecordable: coverage.note(.unrecordable)
        case .rateLimited: coverage.note(.rateLimited)
        case .budgetFrozen: coverage.note(.frozenGrant)
        case .budgetClosed: coverage.note(.closedDenial)
        default: break
        }
    }

    private func retry(_ call: CallUnderWay) {
        let next = now + 4_000_000 + inner.between(0, 4_000_000)
        if next < call.givesUpAt { queue.add(.call(call), at: next) }
    }

    private func allowed(_ call: CallUnderWay, _ verdict: Verdict, _ process: EnforcerProcess, _ machine: Machine) {
        coverage.note(call.holds ? .hold : .allow)
        if !checker.grants[call.grant].grant.parent.isEmpty { coverage.note(.child) }
        let amounts = checker.counted(call)
        if amounts.count > call.amounts.count { coverage.note(.countedCall) }
        let admission = Admission(
            machine: machine.index, incarnation: process.incarnation, grant: call.grant, sequence: verdict.sequence,
            amounts: amounts,
            applied: verdict.position, isLinearizable: checker.isLinearizable(call.grant),
            headAtArrival: call.headAtArrival)
        if !call.callID.isEmpty {
            let key = "\(call.grant)/\(call.callID)"
            if let first = process.permits[key] {
                coverage.note(.retryPermit)
                if first != verdict.sequence { fail(.ceiling, "a retry of \(call.callID) got another permit") }
                checker.admitted(admission, now: now, world: self)
                return
            }
            process.permits[key] = verdict.sequence
        }
        fail(checker.recorded(verdict.sequence, on: machine))
        fail(checker.unfrozen(call.grant, applied: verdict.position))
        let places = checker.spent(call.grant, amounts, now: now, world: self)
        fail(checker.rated(call.grant, call.amounts, applied: verdict.position, now: now))
        if process.stall == 0 {
            checker.admitted(admission, now: now, world: self)
        } else {
            queue.add(.leaves(admission), at: now + process.stall)
        }
        guard call.holds else { return }
        process.holds[verdict.sequence] = (call.grant, Int(verdict.shard), amounts, places)
        let share = inner.below(60)
        // One of five never says how it ended: it is charged in full. One of sixty cost more than it held.
        guard share < 48 else { return }
        queue.add(
            .endHold(
                machine: machine.index, process.incarnation, decision: verdict.sequence,
                share: share == 47 ? 7 : share / 12), at: now + inner.between(1_000_000, 2_000_000_000))
    }

    /// - Parameter share: in thirds, how much of what was held was spent; 0 is a call that never left, more than 3 cost
    ///   more.
    func endHold(_ decision: UInt64, _ share: Int, _ process: EnforcerProcess, _ machine: Machine) {
        guard let held = process.holds.removeValue(forKey: decision) else { return }
        let journal = SimJournal(world: self, machine: machine, process: process)
        // A call is one, whatever came of it.
        let actual = held.amounts.map {
            Amount(
                $0.unit,
                $0.unit == "calls" && share > 0 ? max(1, $0.value * Int64(share) / 3) : $0.value * Int64(share) / 3)
        }
        let recorded =
            share == 0
            ? process.enforcement.release(decision, in: held.shard, journal: journal)
            : process.enforcement.settle(decision, in: held.shard, actual: CallAmounts(actual)!, journal: journal)
        coverage.note(share == 0 ? .release : .settle)
        guard recorded != nil else { return fail(.ceiling, "a hold that nobody ended was unknown") }
        checker.returned(
            zip(held.amounts, actual).map { Amount($0.unit, max(0, $0.value - $1.value)) }, from: held.places)
        guard share > 3, actual.contains(where: { !checker.levels(held.grant, $0.unit).isEmpty }) else { return }
        coverage.note(.overrun)
        checker.overruns[.init(incarnation: process.incarnation, decision: decision)] = machine.name
    }
}
