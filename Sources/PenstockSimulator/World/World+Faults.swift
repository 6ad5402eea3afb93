internal import PenstockCore

/// What goes wrong.
extension World {
    func drawFault() -> Action {
        let weighted: [(FaultKind, Int)] = [
            (.cutOneWay, 9), (.cutBothWays, 9), (.loss, 9), (.duplication, 8), (.reordering, 8), (.clog, 6),
            (.highWater, 6), (.killNode, 12),
            (.losePowerNode, 5), (.loseDiskNode, 2), (.damageJournal, 2), (.fullDisk, 5), (.slowDisk, 8),
            (.pauseNode, 10), (.suspendMachine, 6),
            (.stepWallClock, 5), (.killLedger, 6), (.losePowerLedger, 3), (.pauseLedger, 4), (.fullLedgerDisk, 6),
            (.slowLedgerDisk, 4), (.restoreBackup, 2), (.leapLedgerClock, 8),
            (.expelNode, 1), (.hostileMember, 12), (.secondProcess, 5),
        ]
        var draw = plan.random.below(weighted.reduce(0) { $0 + $1.1 })
        let kind = weighted.first {
            draw -= $0.1
            return draw < 0
        }!.0
        return .fault(
            kind, machine: plan.random.below(machines.count),
            lasts: plan.random.pick([30, 300, 1500, 4000]) * 1_000_000 + plan.random.between(0, 1_000_000),
            amount: plan.random.below(1000))
    }

    func fault(_ kind: FaultKind, _ machine: Machine, _ lasts: Int64, _ amount: Int) {
        coverage.note(kind)
        let link = Link(machine: machine.index, toLedger: amount % 2 == 0)
        switch kind {
        case .cutOneWay: change(link, kind, lasts) { $0.isCut = true }
        case .cutBothWays:
            for toLedger in [true, false] {
                change(Link(machine: machine.index, toLedger: toLedger), kind, lasts) { $0.isCut = true }
            }
        case .loss: change(link, kind, lasts) { $0.loss = amount * 8 / 10 }
        case .duplication: change(link, kind, lasts) { $0.duplication = amount }
        case .reordering: change(link, kind, lasts) { $0.jitter = Int64(amount) * 1_000_000 }
        case .clog: change(link, kind, lasts) { $0.cloggedUntil = max($0.cloggedUntil, now + lasts) }
        case .highWater:
            change(Link(machine: machine.index, toLedger: false), kind, lasts) { $0.highWaterLoss = amount }
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
            startLedger(after: lasts / 2)
        case .pauseLedger:
            host.isPaused = true
            queue.add(.wakeLedger, at: now + lasts)
        case .fullLedgerDisk:
            fillLedgerDisk(amount)
            queue.add(.healLedgerDisk, at: now + lasts)
        case .slowLedgerDisk:
            host.commitTime = Int64(amount) * 500_000
            queue.add(.healLedgerDisk, at: now + lasts)
        case .restoreBackup: restoreBackup(lasts, amount)
        case .leapLedgerClock:
            host.clock.wallErrorMS =
                [-86_400_000, -3_600_000, -60_000, -4_000, -900, 900, 4_000, 60_000, 3_600_000, 86_400_000][amount % 10]
            if amount >= 700 {
                killLedger(finishing: true)
                startLedger(after: lasts / 2)
            }
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

    func repair(_ machine: Machine) {
        machine.disk.isFull = false
        machine.recordingTime = 0
    }
}
