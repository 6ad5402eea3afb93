internal import PenstockCore

/// What goes wrong.
extension World {
    func drawFault() -> Action {
        let weighted: [(FaultKind, Int)] = [
            (.cutOneWay, 9), (.cutBothWays, 9), (.loss, 9), (.duplication, 8), (.reordering, 8), (.clog, 6), (.highWater, 6), (.killNode, 12),
            (.losePowerNode, 5), (.loseDiskNode, 2), (.damageJournal, 2), (.fullDisk, 5), (.slowDisk, 8), (.pauseNode, 10), (.suspendMachine, 6),
            (.stepWallClock, 5), (.killLedger, 6), (.losePowerLedger, 3), (.pauseLedger, 4), (.fullLedgerDisk, 6), (.slowLedgerDisk, 4), (.restoreBackup, 2), (.leapLedgerClock, 8),
            (.expelNode, 1), (.hostileMember, 12), (.secondProcess, 5),
        ]
        var draw = plan.random.below(weighted.reduce(0) { $0 + $1.1 })
        let kind = weighted.first { draw -= $0.1; return draw < 0 }!.0
        return .fault(kind, machine: plan.random.below(machines.count), lasts: plan.random.pick([30, 300, 1500, 4000]) * 1_000_000 + plan.random.between(0, 1_000_000), amount: plan.random.below(1000))
    }

    func fault(_ kind: FaultKind, _ machine: Machine, _ lasts: Int64, _ amount: Int) {
        coverage.note(kind)
        let link = Link(machine: machine.index, toLedger: amount % 2 == 0)
        switch kind {
        case .cutOneWay: change(link, kind, lasts) { $0.isCut = true }
        case .cutBothWays: for toLedger in [true, false] { change(Link(machine: machine.index, toLedger: toLedger), kind, lasts) { $0.isCut = true } }
        case .loss: change(link, kind, lasts) { $0.loss = amount * 8 / 10 }
        case .duplication: change(link, kind, lasts) { $0.duplication = amount }
        case .reordering: change(link, kind, lasts) { $0.jitter = Int64(amount) * 1_000_000 }
        case .clog: change(link, kind, lasts) { $0.cloggedUntil = max($0.cloggedUntil, now + lasts) }
        case .highWater: change(Link(machine: machine.index, toLedger: false), kind, lasts) { $0.highWaterLoss = amount }
        case .killNode, .losePowerNode, .loseDiskNode, .damageJournal: stop(machine, kind, lasts, amount)
        case .fullDisk:
            machine.disk.isFull = true
            queue.add(.healDisk(machine: machine.index), at: now + lasts)
        case .slowDisk:
            machine.recordingTime = Int64(amount) * 2_000_000
            queue.add(.healDisk(machine: machine.index), at: now + lasts)
        case .pauseNode, .suspendMachine:
            machine.isPaused = true
            queue.add(.wake(machine: machine.index), at: now + lasts)
        case .stepWallClock: machine.clock.wallErrorMS += Int64(amount - 500) * 10_000
        case .killLedger, .losePowerLedger:
            killLedger(finishing: amount % 2 == 0)
            if kind == .losePowerLedger { beginAnew(lasts, amount) }
            // Where the folder does not say what was told, the machine's start has taken longer than the leases of before.
            queue.add(.startLedger(restored: false), at: now + max(lasts / 2, host.mark == nil ? checker.settings.bound : 0))
        case .pauseLedger:
            host.isPaused = true
            queue.add(.wakeLedger, at: now + lasts)
        case .fullLedgerDisk:
            host.disk = amount % 3 == 0 ? .failing : .reserved(commits: amount % 3 == 1 ? 0 : amount % 40)
            queue.add(.healLedgerDisk, at: now + lasts)
        case .slowLedgerDisk:
            host.commitTime = Int64(amount) * 500_000
            queue.add(.healLedgerDisk, at: now + lasts)
        case .restoreBackup: restoreBackup(lasts, amount)
        case .leapLedgerClock:
            host.clock.wallErrorMS = [-86_400_000, -3_600_000, -60_000, -4_000, -900, 900, 4_000, 60_000, 3_600_000, 86_400_000][amount % 10]
            queue.add(.healLedgerClock, at: now + lasts * 2)
        case .expelNode:
            guard machine.index > 0, machine.index < nodeCount - 1, nodeCount > 4 else { return }
            command(.nodeExpelled(name: machine.name, reason: ""), by: "op", barrierMS: nil)
        case .hostileMember: attack(machine, amount)
        case .secondProcess:
            guard host.newest == nil else { return }
            queue.add(.start(machine: nodeCount - 1), at: now)
            queue.add(.endSecondProcess, at: now + lasts * 3)
        }
    }

    private func change(_ link: Link, _ kind: FaultKind, _ lasts: Int64, _ change: (inout LinkState) -> Void) {
        change(&network.links[link, default: LinkState()])
        queue.add(.heal(link, kind: kind), at: now + lasts)
    }

    func heal(_ link: Link, _ kind: FaultKind) {
        switch kind {
        case .cutOneWay, .cutBothWays: network.links[link]?.isCut = false
        case .loss: network.links[link]?.loss = 0
        case .duplication: network.links[link]?.duplication = 0
        case .reordering: network.links[link]?.jitter = LinkState().jitter
        case .highWater: network.links[link]?.highWaterLoss = 0
        default: break
        }
    }

    /// The ledger's machine comes up under another boot: its continuous clock tells nothing of the time before.
    private func beginAnew(_ lasts: Int64, _ amount: Int) {
        host.isSameBoot = false
        if amount % 2 == 0 { host.clock.wallErrorMS = -3_600_000 }
        queue.add(.healLedgerClock, at: now + lasts * 2)
        if amount % 3 == 0 { host.mark = nil }
    }

    /// The wall clock is right again. Where the ledger's time has fallen behind, its operator says so.
    func healLedgerClock() {
        host.clock.wallErrorMS = 0
        guard host.ledger != nil, !host.isPaused else { return }
        noteTime()
        let leap = host.ledger!.time.reading(at: ledgerNow).leapMS
        guard leap != 0 else { return }
        coverage.note(.timeAccepted)
        command(.timeAccepted(leapMS: leap, reason: ""), by: "op")
    }

    func repair(_ machine: Machine) {
        machine.disk.isFull = false
        machine.recordingTime = 0
    }

    private func stop(_ machine: Machine, _ kind: FaultKind, _ lasts: Int64, _ amount: Int) {
        // While a backup is being judged, what nodes remember is the evidence.
        if kind == .loseDiskNode, host.newest != nil { return }
        if kind == .killNode, amount % 4 == 0 { stopCleanly(machine) }
        kill(machine)
        switch kind {
        case .losePowerNode:
            machine.disk.losePower(keeping: amount % 101)
            coverage.note(.predecessorUnproven)
        case .loseDiskNode: loseDisk(machine)
        case .damageJournal: machine.disk.isDamaged = true
        default: break
        }
        queue.add(.start(machine: machine.index), at: now + lasts)
        if kind == .damageJournal { queue.add(.replaceJournal(machine: machine.index), at: now + lasts / 2) }
    }

    /// The operator moves a damaged journal away; what the node had seen of the log stays.
    func replaceJournal(_ machine: Machine) {
        guard machine.disk.isDamaged else { return }
        let seen = machine.disk.seen
        loseDisk(machine)
        machine.disk.seen = seen
    }

    /// What it owed and had not told, nobody knows any more.
    private func loseDisk(_ machine: Machine) {
        machine.disk = SimDisk()
        checker.overruns = checker.overruns.filter { $0.value != machine.name }
    }

    private func stopCleanly(_ machine: Machine) {
        guard let process = machine.process, !machine.isPaused else { return }
        send(process.follower.stop(&process.enforcement), process, machine)
        process.enforcement.halt("stopped")
        machine.disk.seal()
    }

    private func restoreBackup(_ lasts: Int64, _ amount: Int) {
        // Of two processes under one name, the word of one would stand for both.
        guard host.newest == nil, host.ledger != nil, host.log.head > 30, nodeCount <= 2 || machines[nodeCount - 1].process == nil else { return }
        killLedger(finishing: false)
        let log = host.log
        let count = amount % 2 == 0 ? Int(log.head) : Int(log.head) - min(amount % 60, Int(log.head) - 20)
        // The second folder under the first node's name is thrown away: one word cannot stand for two.
        if nodeCount > 2 { machines[nodeCount - 1].disk = SimDisk() }
        host.newest = log
        checker.remember()
        host.log = SimLog(copyOf: log, count: count)
        host.restoredCount = Position(count)
        checker.restoredAt = now
        checker.lose(after: Position(count)) { position in
            machines.contains { machine in max(machine.disk.seen.heard, machine.process?.follower.heard ?? 0) >= position && log.event(at: position).kind.name == .restricted }
        }
        queue.add(.startLedger(restored: true), at: now + 20_000_000)
        queue.add(.judgeRestore(count: Position(count)), at: now + 5_000_000_000 + lasts)
    }

    /// Whether the restored log could be served; if not, the operator puts the newest one back.
    func judgeRestore(_ count: Position) {
        guard let newest = host.newest else { return }
        if host.hasServedRestored {
            coverage.note(.recovered)
            checker.forgetAcknowledged(after: count)
        } else {
            killLedger(finishing: false)
            checker.recall()
            host.log = newest
            checker.restoredAt = now
            queue.add(.startLedger(restored: false), at: now + 10_000_000)
        }
        (host.newest, host.hasServedRestored) = (nil, false)
        restartHalted()
    }

    func restartHalted() {
        for machine in machines {
            guard let process = machine.process, process.follower.phase == .halted, log.isMember(machine.name) else { continue }
            kill(machine)
            queue.add(.start(machine: machine.index), at: now + 20_000_000)
        }
    }

    /// A member sends what its role forbids, under its own name or another's.
    private func attack(_ machine: Machine, _ amount: Int) {
        let revoke = EventKind.restricted(Restriction(level: .revoke, selector: .all, reason: "", expiresAt: 0))
        let lift = checker.standing.keys.min { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map { EventKind.lifted(Lifting(eventIDs: [$0], reason: "", expired: amount % 2 == 0)) } ?? revoke
        switch amount % 12 {
        case 0: command(revoke, by: machine.name)
        case 1: command(lift, by: machine.name)
        case 2: command(lift, by: machine.name, origin: "op")
        case 3: command(lift, by: "op", isForged: true)
        case 4: command(lift, by: "issuer")
        case 5: command(.sliceClosed(SliceReport(incarnation: Incarnation(high: 1, low: 1), uses: [.init(slice: log.head, used: 0)], bySuccessor: true)), by: machine.name)
        case 6: attackSlices(machine)
        case 7: attackDebts(machine)
        default: attackValues(machine, amount)
        }
    }

    /// Speaks of another's next decision, so that what that one owes would be taken for told.
    private func attackDebts(_ machine: Machine) {
        guard let other = machines.first(where: { $0.name != machine.name && $0.process != nil }), let victim = other.process, let grant = checker.grants.last?.grant else { return }
        // An incarnation is random: before the log names it, nobody else can.
        guard host.ledger?.state.owners.node(of: victim.incarnation) == other.name else { return }
        let next = (victim.holds.keys.max() ?? 0) + 1
        command(.debtRecorded(Debt(incarnation: victim.incarnation, decision: next, grantID: grant.grantID, amounts: [Amount("usd", 1)])), by: machine.name)
        command(.decisionBatch(DecisionBatch(incarnation: victim.incarnation, firstSequence: next, count: 1, digest: .zero)), by: machine.name)
    }

    /// Whatever members say in numbers, no fold ends by it, and every account adds up.
    private func attackValues(_ machine: Machine, _ amount: Int) {
        let values: [Int64] = [0, 1, -1, Limits.amount, Limits.amount + 1, Limits.sum, .max, .min]
        let (value, other) = (values[amount % values.count], values[amount / 12 % values.count])
        guard let incarnation = machine.process?.incarnation, !checker.grants.isEmpty else { return }
        let grant = checker.grants[amount % checker.grants.count].grant
        switch amount / 12 % 8 {
        case 0...2:
            let debt = Debt(incarnation: incarnation, decision: UInt64(bitPattern: other) &+ UInt64(amount), grantID: grant.grantID, amounts: [Amount("usd", value)])
            command(.debtRecorded(debt), by: machine.name)
        case 3:
            let use = SliceReport.Use(slice: UInt64(bitPattern: other), used: value, returned: value, held: other)
            command(.spendReported(SliceReport(incarnation: incarnation, uses: [use])), by: machine.name)
        case 4: command(.decisionBatch(DecisionBatch(incarnation: incarnation, firstSequence: UInt64(bitPattern: value), count: .max, digest: .zero)), by: machine.name)
        case 5: command(.grantRenewed(grantID: grant.grantID, expiresAt: value), by: "issuer")
        case 6: command(.debtsAccepted([UInt64(bitPattern: value), log.head], reason: ""), by: "op")
        default: command(.restricted(Restriction(level: .suspend, selector: .grant(grant.grantID), reason: "", expiresAt: value)), by: "op")
        }
    }

    /// Reports that another node spent nothing, so that its budget would come back.
    private func attackSlices(_ machine: Machine) {
        guard let held = host.ledger?.state.book.open.filter({ $0.value.slice.node != machine.name }).min(by: { $0.key < $1.key }) else { return }
        let report = SliceReport(incarnation: held.value.slice.incarnation, uses: [.init(slice: held.key, used: 0)], bySuccessor: true)
        command(.sliceClosed(report), by: machine.name)
    }
}
