internal import PenstockCore

/// A backup is served in the place of the log, and judged.
extension World {
    func restoreBackup(_ lasts: Int64, _ amount: Int) {
        // Of two processes under one name, the word of one would stand for both.
        guard host.newest == nil, host.ledger != nil, host.log.head > 30,
            nodeCount <= 2 || machines[nodeCount - 1].process == nil
        else { return }
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
            // A node that is killed before it notes what it has heard of knows nothing of it.
            machines.contains { $0.disk.seen.heard >= position } && log.event(at: position).kind.name == .restricted
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
            guard let process = machine.process, process.follower.phase == .halted, log.isMember(machine.name) else {
                continue
            }
            kill(machine)
            queue.add(.start(machine: machine.index), at: now + 20_000_000)
        }
    }
}
