internal import PenstockCore

/// How a node ends, and what becomes of its disk.
extension World {
    func stop(_ machine: Machine, _ kind: FaultKind, _ lasts: Int64, _ amount: Int) {
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

    private func stopCleanly(_ machine: Machine) {
        guard let process = machine.process, !machine.isPaused else { return }
        end(process, machine)
        process.enforcement.halt("stopped")
        machine.disk.seal()
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
}
