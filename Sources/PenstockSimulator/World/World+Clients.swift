internal import PenstockCore

/// What people and agents do.
extension World {
    func scheduleClients() {
        if let replayed = plan.replayed {
            for (index, entry) in replayed.enumerated() { queue.add(.act(index), at: entry.time) }
        } else {
            queue.add(.workload, at: 2_000_000)
            queue.add(.faults, at: 400_000_000)
        }
    }

    func work() {
        guard !isCalm else { return }
        perform(drawWork())
        queue.add(.workload, at: now + plan.random.between(100_000, 1_200_000 + 8_000_000 / Int64(nodeCount)))
    }

    func injectFault() {
        guard !isCalm else { return }
        perform(drawFault())
        queue.add(.faults, at: now + plan.random.between(20_000_000, 500_000_000))
    }

    func perform(_ action: Action) {
        plan.note(action, at: now)
        carryOut(action)
    }

    private func drawWork() -> Action {
        let draw = plan.random.below(1000)
        let durable = checker.grants.count
        if durable < 4 || draw < 14 {
            return draw % 3 == 0 ? .budget(seed: plan.random.next()) : .issue(seed: plan.random.next())
        }
        let grant = plan.random.chance(700) ? max(0, durable - 1 - plan.random.below(12)) : plan.random.below(durable)
        let machine = plan.random.below(machines.count)
        switch draw {
        case ..<26:
            let kinds: [Selector.Kind] = [
                .grant, .run, .run, .agent, .agentClass, .principal, .purpose, .audience, .issuer, .subtree, .node,
                .all,
            ]
            // What covers much is short, or nothing else would happen.
            let kind = plan.random.pick(kinds)
            let isWide = ![Selector.Kind.grant, .run, .subtree].contains(kind)
            return .restrict(
                level: plan.random.pick([0, 0, 0, 0, 1, 2, 3]), kind: kind, grant: grant, machine: machine,
                waitMS: plan.random.pick([0, 50, 1000, 5000, 20_000]),
                forMS: isWide ? plan.random.between(50, 3000) : plan.random.pick([0, 0, 500, 5000]))
        case ..<38: return .lift(plan.random.below(1000))
        case ..<42: return .renew(grant)
        case ..<43: return .bounds(seed: plan.random.next())
        case ..<45: return .ceiling(seed: plan.random.next())
        case ..<46: return plan.random.chance(500) ? .acceptDebts : .settleDebt(seed: plan.random.next())
        case ..<47: return .change(seed: plan.random.next())
        case ..<50: return .batch(machine: machine)
        case ..<110:
            // A call with an id is always the same call, so that it may come again.
            let id = 1 + plan.random.below(4)
            return .call(machine: machine, grant: grant, amount: Int64(id), holds: true, callID: id)
        default:
            return .call(
                machine: machine, grant: grant, amount: plan.random.pick([1, 1, 1, 2, 7, 40]),
                holds: plan.random.chance(300), callID: 0)
        }
    }

    func carryOut(_ action: Action) {
        switch action {
        case .call(let machine, let grant, let amount, let holds, let callID):
            guard checker.grants.indices.contains(grant) else { return }
            let amounts = amount % 2 == 0 ? [Amount("calls", 1), Amount("usd", amount)] : [Amount("usd", amount)]
            let call = CallUnderWay(
                machine: machine, grant: grant, amounts: amounts, holds: holds, callID: callID > 0 ? "c\(callID)" : "",
                arrivedAt: now,
                givesUpAt: now + (grant % 3 == 0 ? 1_500_000_000 : 400_000_000), headAtArrival: log.head)
            atMachine(machines[machine], .call(call))
        case .issue(let seed): issue(seed)
        case .bounds(let seed):
            var draw = SimRandom(seed: seed)
            let changed = Settings(
                maxStalenessMS: UInt32(draw.pick([200, 500, 1000, 2000])), maxGraceMS: UInt32(draw.pick([0, 300])),
                clockRatePPM: 1000, marginMS: 50,
                debtTolerance: draw.pick([
                    .none, DebtTolerance(amounts: [Amount("usd", 30)]), DebtTolerance(ppm: 20_000),
                ]))
            command(.settingsChanged(changed), by: "op")
        case .budget(let seed): if seed % 4 == 0 { createRate(seed) } else { createBudget(seed) }
        case .ceiling(let seed): setCeiling(seed)
        case .acceptDebts:
            let open = host.ledger?.state.book.debts.filter { !$0.value.isAccepted }.keys.sorted() ?? []
            if !open.isEmpty { command(.debtsAccepted(open, reason: ""), by: "op") }
        case .settleDebt(let seed): settleDebt(seed)
        case .change(let seed): change(seed)
        case .restrict(let level, let kind, let grant, let machine, let wait, let duration):
            restrict(level, kind, grant, machine, wait, duration)
        case .lift(let number):
            let standing = checker.standing.sorted { $0.value.position < $1.value.position }
            guard !standing.isEmpty else { return }
            command(
                .lifted(Lifting(eventIDs: [standing[number % standing.count].key], reason: "", expired: false)),
                by: "op")
        case .renew(let grant):
            guard checker.grants.indices.contains(grant), let expiry = SimClock.trueWall(at: now) + 20_000 as WallTime?
            else { return }
            checker.renewed(grant, until: expiry)
            command(.grantRenewed(grantID: "g\(grant)", expiresAt: expiry), by: "issuer")
        case .batch(let machine):
            guard let process = machines[machine].process else { return }
            command(
                .decisionBatch(
                    DecisionBatch(incarnation: process.incarnation, firstSequence: 1, count: 1, digest: .zero)),
                by: machines[machine].name)
        case .fault(let kind, let machine, let lasts, let amount): fault(kind, machines[machine], lasts, amount)
        }
    }
}
