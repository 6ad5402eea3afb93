internal import PenstockCore

/// Does what a node's turn says, in its order.
extension World {
    func perform(_ process: EnforcerProcess, _ machine: Machine) {
        let effects = process.follower.next(
            SimAuthor(world: self, name: machine.name), wall: SimClock.trueWall(at: now),
            at: machine.clock.instant(at: now))
        for effect in effects { perform(effect, process, machine) }
    }

    /// A clean stop, as far as one turn goes.
    func end(_ process: EnforcerProcess, _ machine: Machine) {
        take(.stop, process, machine)
        perform(process, machine)
    }

    private func perform(_ effect: NodeEffect, _ process: EnforcerProcess, _ machine: Machine) {
        switch effect {
        case .send(let request, let id):
            note(request, process, machine)
            transmit(id, request, process, machine)
        case .restrict(let calls): if !calls.isEmpty { coverage.note(.cancelled) }
        case .openCheckpoint(let note):
            let parts = note.split(separator: " ")
            guard let size = Position(parts[0]), let root = Digest(hex: parts[1]) else { return }
            take(.checkpoint(origin: "mesh", size: size, root: root), process, machine)
            perform(process, machine)
        case .openSnapshot(let snapshot):
            guard let (image, root) = process.image, let view = try? View(image: image) else { return }
            take(.snapshot(view, root: root, head: snapshot.head), process, machine)
            perform(process, machine)
        case .readDecisions(let first, let last): readDecisions(first, last, process, machine)
        case .noteSeen(let seen): machine.disk.seen = seen
        case .carry:
            let journal = SimJournal(world: self, machine: machine, process: process)
            process.carryFrom = machine.disk.nextSequence
            while process.follower.carry(process.enforcement, journal) {}
            perform(process, machine)
        case .releaseJournal(let last):
            coverage.note(.carried)
            fail(checker.reportsWereTaken(process, machine, world: self))
            fail(checker.released(last, process, machine))
            machine.disk.release(through: last)
        case .measureJournal:
            let journal = SimJournal(world: self, machine: machine, process: process)
            take(.journal(isLow: !journal.hasRoom), process, machine)
            perform(process, machine)
        case .report(.viewLoaded): coverage.note(.snapshotLoaded)
        // Connections do not end here: what is published may get lost as it is.
        case .wake, .wakeAll, .subscribe, .report: break
        }
    }

    private func transmit(_ id: UInt64, _ request: NodeRequest, _ process: EnforcerProcess, _ machine: Machine) {
        let inbound = Inbound(
            sender: .process(machine: machine.index, process.incarnation), name: machine.name, id: id,
            request: SimRequest(request))
        let times = network.arrivals(
            over: Link(machine: machine.index, toLedger: true), sentAt: now, isPublication: false, coverage: &coverage)
        if case .reserve = request, times.count > 1 { isReserveCopied = true }
        for time in times { queue.add(.atLedger(inbound, to: host.log), at: time) }
    }

    private func note(_ request: NodeRequest, _ process: EnforcerProcess, _ machine: Machine) {
        switch request {
        case .acknowledge(let progress, _):
            if !progress.urgent.isEmpty { coverage.note(.urgentAhead) }
        case .echo:
            // Two at one instant: either may be the one that is answered.
            process.echoes[machine.clock.instant(at: now), default: (log.head, [])].bounds.append(
                Lease.Bounds(process.enforcement.view.settings))
        case .fetch: coverage.note(.fetch)
        case .cosign(let size, _): fail(checker.cosigned(size, process, machine))
        case .submit(let event):
            switch event.event.kind {
            case .sliceClosed(let report): if report.bySuccessor { coverage.note(.predecessorClosed) }
            case .debtRecorded: coverage.note(.debtTold)
            default: break
            }
        default: break
        }
    }

    /// A batch of one incarnation. What the ledger does with the records themselves is not simulated.
    private func readDecisions(
        _ start: UInt64, _ last: UInt64, _ process: EnforcerProcess, _ machine: Machine
    ) {
        let records = machine.disk.batch(from: start, through: last)
        let batch = records.first.map {
            DecisionBatch(
                incarnation: $0.incarnation, firstSequence: $0.sequence, count: UInt32(records.count), digest: .zero)
        }
        take(.decisions(batch, records: [], isFull: records.count == SimDisk.recordsPerBatch), process, machine)
        perform(process, machine)
    }
}
