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
        if durable < 4 || draw < 14 { return draw % 3 == 0 ? .budget(seed: plan.random.next()) : .issue(seed: plan.random.next()) }
        let grant = plan.random.chance(700) ? max(0, durable - 1 - plan.random.below(12)) : plan.random.below(durable)
        let machine = plan.random.below(machines.count)
        switch draw {
        case ..<26:
            let kinds: [Selector.Kind] = [.grant, .run, .run, .agent, .agentClass, .principal, .purpose, .audience, .issuer, .subtree, .node, .all]
            // What covers much is short, or nothing else would happen.
            let kind = plan.random.pick(kinds)
            let isWide = ![Selector.Kind.grant, .run, .subtree].contains(kind)
            return .restrict(
                level: plan.random.pick([0, 0, 0, 0, 1, 2, 3]), kind: kind, grant: grant, machine: machine, waitMS: plan.random.pick([0, 50, 1000, 5000, 20_000]),
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
        default: return .call(machine: machine, grant: grant, amount: plan.random.pick([1, 1, 1, 2, 7, 40]), holds: plan.random.chance(300), callID: 0)
        }
    }

    func carryOut(_ action: Action) {
        switch action {
        case .call(let machine, let grant, let amount, let holds, let callID):
            guard checker.grants.indices.contains(grant) else { return }
            let amounts = amount % 2 == 0 ? [Amount("calls", 1), Amount("usd", amount)] : [Amount("usd", amount)]
            let call = CallUnderWay(
                machine: machine, grant: grant, amounts: amounts, holds: holds, callID: callID > 0 ? "c\(callID)" : "", arrivedAt: now,
                givesUpAt: now + (grant % 3 == 0 ? 1_500_000_000 : 400_000_000), headAtArrival: log.head)
            atMachine(machines[machine], .call(call))
        case .issue(let seed): issue(seed)
        case .bounds(let seed):
            var draw = SimRandom(seed: seed)
            let changed = Settings(maxStalenessMS: UInt32(draw.pick([200, 500, 1000, 2000])), maxGraceMS: UInt32(draw.pick([0, 300])), clockRatePPM: 1000, marginMS: 50,
                debtTolerance: draw.pick([.none, DebtTolerance(amounts: [Amount("usd", 30)]), DebtTolerance(ppm: 20_000)]))
            command(.settingsChanged(changed), by: "op")
        case .budget(let seed): if seed % 4 == 0 { createRate(seed) } else { createBudget(seed) }
        case .ceiling(let seed): setCeiling(seed)
        case .acceptDebts:
            let open = host.ledger?.state.book.debts.filter { !$0.value.isAccepted }.keys.sorted() ?? []
            if !open.isEmpty { command(.debtsAccepted(open, reason: ""), by: "op") }
        case .settleDebt(let seed): settleDebt(seed)
        case .change(let seed): change(seed)
        case .restrict(let level, let kind, let grant, let machine, let wait, let duration): restrict(level, kind, grant, machine, wait, duration)
        case .lift(let number):
            let standing = checker.standing.sorted { $0.value.position < $1.value.position }
            guard !standing.isEmpty else { return }
            command(.lifted(Lifting(eventIDs: [standing[number % standing.count].key], reason: "", expired: false)), by: "op")
        case .renew(let grant):
            guard checker.grants.indices.contains(grant), let expiry = SimClock.trueWall(at: now) + 20_000 as WallTime? else { return }
            checker.renewed(grant, until: expiry)
            command(.grantRenewed(grantID: "g\(grant)", expiresAt: expiry), by: "issuer")
        case .batch(let machine):
            guard let process = machines[machine].process else { return }
            command(.decisionBatch(DecisionBatch(incarnation: process.incarnation, firstSequence: 1, count: 1, digest: .zero)), by: machines[machine].name)
        case .fault(let kind, let machine, let lasts, let amount): fault(kind, machines[machine], lasts, amount)
        }
    }

    private func issue(_ seed: UInt64) {
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
        grant.renewableUntil = grant.expiresAt + 600_000
        grant.budgets = [Amount("usd", draw.pick([10, 300, 5000, 100_000]))] + (draw.chance(500) ? [Amount("calls", draw.pick([5, 1000]))] : [])
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

    private func createBudget(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.keys.sorted()
        let parent = draw.chance(500) && !names.isEmpty ? draw.pick(names) : ""
        var budget = Budget(name: "b\(commands.count)", unit: "usd", ceiling: draw.pick([100, 3000, 200_000]), parent: parent)
        budget.selector = draw.pick([nil, nil, .agent("a\(draw.below(6))"), .principal("p\(draw.below(4))"), .run("r\(draw.below(12))")])
        budget.window = draw.pick([.none, .none, .fixed(milliseconds: 1000), .fixed(milliseconds: 5000), .rolling(milliseconds: 12_000), .calendar(.day, zone: "UTC")])
        budget.maxOut = draw.pick([0, 0, 0, 50])
        budget.warnAt = draw.pick([[], [50, 90]])
        command(.budgetCreated(budget), by: "op")
    }

    private func setCeiling(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.keys.sorted()
        guard !names.isEmpty, let budget = checker.budgets[draw.pick(names)]?.history.first?.budget else { return }
        let ceiling = draw.pick([budget.ceiling / 4, budget.ceiling, budget.ceiling * 2])
        coverage.note(ceiling > budget.ceiling ? .ceilingRaised : .ceilingLowered)
        command(.budgetCeilingSet(.named(budget.name), ceiling: ceiling, reason: ""), by: "op")
    }

    /// At a part of what was reported, or at nothing.
    private func settleDebt(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let open = host.ledger?.state.book.debts.filter { !$0.value.isAccepted }.sorted { $0.key < $1.key } ?? []
        guard !open.isEmpty else { return }
        let (position, owed) = draw.pick(open)
        let part = draw.pick([0, 0, 1, 3] as [Int64])
        let charged = owed.debt.amounts.map { Amount($0.unit, $0.value / 3 * part) }
        command(.debtSettled(DebtSettlement(position: position, reported: owed.debt.amounts, charged: charged), reason: ""), by: "op")
    }

    private func change(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let names = checker.budgets.filter { !$0.value.budget.isClosed }.keys.sorted()
        switch draw.below(8) {
        case 0, 1, 2:
            guard !names.isEmpty else { return }
            command(.budgetChanged(BudgetChange(name: draw.pick(names), parent: draw.pick(["", draw.pick(names), draw.pick(names)])), reason: ""), by: "op")
        case 3:
            guard !names.isEmpty else { return }
            command(.budgetChanged(BudgetChange(name: draw.pick(names), maxOut: draw.pick([0, 20, 400]), warnAt: [70]), reason: ""), by: "op")
        case 4:
            // What many draw on stays, or nothing else would happen.
            guard names.count > 4 else { return }
            command(.budgetClosed(draw.pick(names), reason: ""), by: "op")
        default:
            guard !checker.namedRates.isEmpty else { return }
            let old = draw.pick(checker.namedRates).rate.rate
            let new = Rate(name: old.name, unit: old.unit, limit: draw.pick([3, 60]), periodMS: old.periodMS, burst: draw.pick([4, 70]))
            command(draw.chance(300) ? .rateClosed(old.name, reason: "") : .rateChanged(new, reason: ""), by: "op")
        }
    }

    private func restrict(_ level: Int, _ kind: Selector.Kind, _ index: Int, _ machine: Int, _ wait: Int64, _ duration: Int64) {
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
        command(.restricted(Restriction(level: levels[level], selector: selector, reason: "", expiresAt: expiry)), by: "op", barrierMS: wait > 0 ? wait : nil)
    }

    // MARK: Commands

    func command(_ kind: EventKind, by name: String, origin: String? = nil, isForged: Bool = false, barrierMS: Int64? = nil) {
        let event = event(kind, by: origin ?? name)
        commands.append(Command(event: event, isForged: isForged, name: name, barrierMS: barrierMS, givesUpAt: now + 6_000_000_000))
        submit(commands.count - 1)
    }

    /// Sends it, and looks again after a second.
    func submit(_ number: Int) {
        let command = commands[number]
        guard !command.isDone, now < command.givesUpAt else { return }
        let request = SimRequest.submit(Submission(event: command.event, isForged: command.isForged))
        let inbound = Inbound(sender: .command(number), name: command.name, id: UInt64(number), request: request)
        if !inner.chance(30) { queue.add(.atLedger(inbound, to: host.log), at: now + inner.between(100_000, 900_000)) }
        queue.add(.retry(command: number), at: now + 1_000_000_000)
    }

    func answered(_ number: Int, _ reply: SimReply) {
        if case .refused(let refusal) = reply, refusal.retryAfterMS > 0 { return }
        commands[number].isDone = true
    }
}
