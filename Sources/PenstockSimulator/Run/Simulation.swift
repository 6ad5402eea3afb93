internal import PenstockCore

/// One run: a world with faults, and then a time of calm in which everything must heal.
package struct Simulation {
    package var seed: UInt64
    package var steps: Int
    package var nodes: Int

    package init(seed: UInt64, steps: Int, nodes: Int) {
        self.seed = seed
        self.steps = steps
        self.nodes = nodes
    }

    struct Outcome {
        var violation: Violation?
        var steps: Int
        var time: Int64
        var coverage: Coverage
        var actions: [(time: Int64, action: Action)]
    }

    func run(_ plan: Plan? = nil) -> Outcome {
        let world = World(seed: seed, nodes: nodes, plan: plan ?? Plan(seed: seed))
        // A replayed run may need fewer steps, never more time.
        world.run(steps: steps)
        if world.violation == nil { world.settle() }
        return Outcome(
            violation: world.violation, steps: world.steps, time: world.now, coverage: world.coverage,
            actions: world.plan.taken)
    }
}

/// What must hold once faults stop.
extension World {
    /// Faults stop, what is broken is repaired, and what is down comes back.
    func settle() {
        isCalm = true
        network.links = network.links.mapValues { LinkState(cloggedUntil: $0.cloggedUntil) }
        healLedgerDisk()
        wakeLedger()
        healLedgerClock()
        for machine in machines {
            repair(machine)
            replaceJournal(machine)
            wake(machine)
        }
        if host.newest != nil { judgeRestore(0) }
        if host.ledger == nil { queue.add(.startLedger(restored: false), at: now) }
        run(until: 500)
        restartHalted()
        for machine in machines where machine.process == nil && log.isMember(machine.name) {
            queue.add(.start(machine: machine.index), at: now)
        }
        // Leases of before a restart must have run out; messages that are under way still come, up to seconds late.
        run(until: 6000 + checker.settings.bound / 1_000_000)
        guard violation == nil else { return }
        fail(checker.logIsKept(log))
        checkFresh()
        checkSlices()
        checkCalls()
        let lost: [Sight] = [.predecessorUnproven, .voided, .unrecordable, .recovered, .diverged]
        if let book = host.ledger?.state.book, lost.allSatisfy({ coverage.sights[$0] == nil }) {
            fail(checker.chargedNoMore(than: book, isMember: log.isMember))
        }
    }

    private func run(until milliseconds: Int64) {
        run(steps: .max, until: now + milliseconds * .nanosecondsPerMillisecond)
    }

    private var serving: [Machine] { machines.filter { $0.process != nil && log.isMember($0.name) } }

    private func checkFresh() {
        guard let ledger = host.ledger, ledger.halted == nil else {
            return fail(.liveness, "the ledger does not serve: \(host.ledger?.halted ?? "it is down")")
        }
        for machine in serving {
            let process = machine.process!
            guard process.enforcement.isFresh(at: machine.clock.instant(at: now)) else {
                return fail(
                    .liveness,
                    """
                    machine \(machine.index) is not fresh, seconds after all faults stopped: \
                    \(process.enforcement.halted ?? "\(process.follower.phase)")
                    """
                )
            }
            guard process.follower.applied == log.head || process.follower.applied + 50 > log.head else {
                return fail(.liveness, "machine \(machine.index) lags behind")
            }
            if process.follower.applied == ledger.state.view.position,
                process.enforcement.view.image != ledger.state.view.image
            {
                return fail(
                    .log,
                    "machine \(machine.index) has another view of position \(process.follower.applied) than the ledger")
            }
        }
        for (position, barrier) in ledger.barriers where barrier.state == .waiting {
            return fail(.liveness, "the barrier of position \(position) does not end")
        }
    }

    /// What the ledger counts as out with a process that lives, this process has: nothing else would ever bring it
    /// back.
    private func checkSlices() {
        // A network that copies a request by itself makes one that nobody awaits an answer to.
        guard violation == nil, let ledger = host.ledger, !isReserveCopied else { return }
        for machine in serving {
            let process = machine.process!
            let held = Set(process.enforcement.heldSlices.map(\.id))
                .union(process.enforcement.unclosed(limit: .max).map(\.slice))
            let unknown = ledger.state.book.open.filter {
                $0.value.slice.incarnation == process.incarnation && !held.contains($0.key)
            }.keys.sorted()
            guard unknown.isEmpty else {
                return fail(.liveness, "machine \(machine.index) knows nothing of its open slices \(unknown)")
            }
        }
    }

    /// A grant with budget left is allowed at every node.
    private func checkCalls() {
        guard violation == nil else { return }
        carryOut(.issue(seed: richSeed))
        run(until: 1000)
        guard
            let index = checker.grants.indices.last(where: {
                checker.grants[$0].isDurable && checker.grants[$0].forbiddenFrom == .max && isRich($0)
            })
        else { return }
        for machine in serving where !isRestricted(machine) {
            let before = coverage.sights[.allow] ?? 0
            carryOut(.call(machine: machine.index, grant: index, amount: 1, holds: false, callID: 0))
            run(until: 2000)
            if violation == nil, coverage.sights[.allow] ?? 0 == before {
                fail(.liveness, "machine \(machine.index) denies a call whose budget is there: \(lastReason)")
            }
        }
        if violation == nil { checkRecall(index) }
    }

    /// With nothing left at the ledger, a node gets what another one holds and does not use.
    private func checkRecall(_ index: Int) {
        let key = BudgetKey.grant(checker.grants[index].grant.grantID, unit: "usd")
        guard let entry = host.ledger?.state.book.entries[key], let machine = serving.last(where: { !isRestricted($0) })
        else { return }
        command(.budgetCeilingSet(key, ceiling: entry.settled + entry.out, reason: ""), by: "op")
        run(until: 100)
        let own = unspent(key, at: machine)
        guard checker.grants[index].grant.maxAmounts.allSatisfy({ $0.value > own }) else { return }
        guard let entry = host.ledger?.state.book.entries[key], entry.unallocated == 0, entry.overcommitted == 0 else {
            return
        }
        guard serving.contains(where: { $0 !== machine && unspent(key, at: $0) > 0 }) else { return }
        let before = coverage.sights[.allow] ?? 0
        carryOut(.call(machine: machine.index, grant: index, amount: own + 1, holds: false, callID: 0))
        run(until: 2000)
        if violation == nil, coverage.sights[.allow] ?? 0 == before {
            fail(.liveness, "machine \(machine.index) is denied what others hold and do not use")
        }
    }

    private func unspent(_ key: BudgetKey, at machine: Machine) -> Int64 {
        guard case .grant(let id, let unit) = key, let process = machine.process,
            let grant = process.enforcement.view.index(ofGrant: id)
        else { return 0 }
        let (shards, shard) = (process.enforcement.shards, process.enforcement.shard(ofGrant: grant))
        let account = shards[shard].purse.find(grant: grant, unit: unit)
        return account < 0 ? 0 : shards[shard].purse.available(account)
    }

    /// A grant of this seed has a large budget, a long life, and no other bound.
    private var richSeed: UInt64 {
        (0...).lazy.map { UInt64($0) }.first { seed in
            var draw = SimRandom(seed: seed)
            for _ in 0..<5 { _ = draw.next() }
            let audience = draw.pick(["", "mail", "mail", "post"])
            let life = draw.pick([2000, 20_000, 600_000])
            let budget = draw.pick([10, 300, 5000, 100_000])
            return !World.asksForParent(seed) && World.rates(seed).isEmpty && audience == "mail" && life == 600_000
                && budget == 100_000
        }!
    }

    private func isRich(_ index: Int) -> Bool {
        let facts = checker.grants[index]
        guard facts.grant.parent.isEmpty, facts.grant.expiresAt > SimClock.trueWall(at: now) + 60_000,
            facts.grant.audience != "post", !facts.grant.linearizable, facts.grant.maxStalenessMS == 0
        else { return false }
        guard let view = host.ledger?.state.view, let own = view.index(ofGrant: facts.grant.grantID),
            view.rates(ofGrant: own).isEmpty
        else { return false }
        // A debt freezes its grant also where its budgets have room.
        guard !view.marks(onGrant: own).contains(.frozen) else { return false }
        // A call counts as one of calls also where its grant has no budget of its own for them.
        let levels = (facts.grant.budgets.map(\.unit) + [Quantities.calls]).flatMap { checker.levels(index, $0) }
        return levels.allSatisfy { level in
            host.ledger?.state.book.entries[level].map {
                $0.unallocated > 200 && !$0.isFrozen && !$0.isClosed && $0.maxOut == 0 && $0.window == .none
            } ?? false
        }
    }

    private func isRestricted(_ machine: Machine) -> Bool {
        checker.standing.values.contains {
            $0.restriction.selector == .node(machine.name) || $0.restriction.selector == .all
                || $0.restriction.level.isThrottle
        }
    }
}
