internal import PenstockCore

/// The enforcers' shells: what `PenstockEnforcer.Link` does with sockets, done with the queue and a simulated journal.
extension World {
    func start(_ machine: Machine) {
        guard machine.process == nil, !machine.disk.isDamaged else { return }
        let process = EnforcerProcess(
            machine: machine, incarnation: Incarnation(high: inner.next(), low: inner.next()),
            shards: 1 + Int(inner.below(4)))
        machine.disk.begin(process.incarnation)
        machine.process = process
        queue.add(.tick(machine: machine.index, process.incarnation), at: now)
    }

    /// Its memory is gone. What its sockets held is lost with it.
    func kill(_ machine: Machine) {
        machine.process = nil
        machine.waiting = []
    }

    func wake(_ machine: Machine) {
        guard machine.isPaused else { return }
        machine.isPaused = false
        let waiting = machine.waiting
        machine.waiting = []
        for happening in waiting { queue.add(happening, at: now) }
    }

    func atMachine(_ machine: Machine, _ what: Happening) {
        if machine.isPaused {
            if case .tick = what, machine.waiting.contains(where: { if case .tick = $0 { true } else { false } }) {
                return
            }
            machine.waiting.append(what)
            return
        }
        guard let process = machine.process else { return }
        guard now >= machine.busyUntil else { return queue.add(what, at: machine.busyUntil) }
        switch what {
        case .reply(_, process.incarnation, let id, let reply, let log) where log === host.log:
            take(reply, id, process, machine)
        case .logPage(_, process.incarnation, let log, let first, let count, let note) where log === host.log:
            takePage(log, first, count, process, machine)
            if let note { take(.publishedCheckpoint(note: note), process, machine) }
        case .urgent(_, process.incarnation, let log, let position) where log === host.log:
            take(.urgent(log.event(at: position), at: position), process, machine)
        case .tick(_, process.incarnation): break
        case .call(let call): return decide(call, process, machine)
        case .endHold(_, process.incarnation, let decision, let share):
            return endHold(decision, share, process, machine)
        default: return
        }
        perform(process, machine)
        tick(process, machine)
    }

    func tick(_ process: EnforcerProcess, _ machine: Machine) {
        let local = machine.clock.instant(at: now)
        process.follower.passTime(
            &process.enforcement, SimJournal(world: self, machine: machine, process: process),
            echoWanted: process.echoWanted, at: local
        ) { inner.next() }
        process.echoWanted = false
        perform(process, machine)
        guard process.follower.phase != .halted else { return coverage.note(.diverged) }
        let next = now + (process.follower.isHurried ? 3 : 40) * .nanosecondsPerMillisecond
        if process.nextTick <= now || process.nextTick > next {
            process.nextTick = next
            queue.add(.tick(machine: machine.index, process.incarnation), at: next)
        }
    }

    func take(_ input: NodeInput, _ process: EnforcerProcess, _ machine: Machine) {
        process.follower.take(
            input, &process.enforcement, SimJournal(world: self, machine: machine, process: process),
            at: machine.clock.instant(at: now))
    }

    private func take(_ reply: SimReply, _ id: UInt64, _ process: EnforcerProcess, _ machine: Machine) {
        switch reply {
        case .submitted: take(.reply(.submitted, id: id), process, machine)
        case .recalled(let wanted): take(.recall(wanted), process, machine)
        case .fetched(let first, let count, let head, let log):
            takePage(log, first, count, process, machine)
            take(.reply(.fetched(head: head), id: id), process, machine)
        case .snapshot(let image, let root, let head):
            process.image = (image, root)
            // The bytes are the image itself.
            let chunk = SnapshotChunk(
                position: image.position, epoch: 0, digest: .zero, signature: [], frontier: [], head: head,
                byteCount: 0, offset: 0, bytes: [])
            take(.reply(.snapshot(chunk), id: id), process, machine)
        case .refused(let refusal): take(.reply(.refused(refusal), id: id), process, machine)
        case .node(let reply):
            take(.reply(reply, id: id), process, machine)
            if case .echo = reply { fail(checker.confirmed(process, machine, now: now)) }
        }
    }

    private func takePage(
        _ log: SimLog, _ first: Position, _ count: Int, _ process: EnforcerProcess, _ machine: Machine
    ) {
        guard process.follower.admits(first: first, count: count, at: machine.clock.instant(at: now)) else {
            if process.follower.phase == .live { coverage.note(.gap) }
            return
        }
        for position in first..<first + Position(count) where process.follower.continues(at: position) {
            let root = SimLog.root(after: process.follower.root, log.event(at: position))
            take(.logged(log.event(at: position), at: position, root: root), process, machine)
            fail(checker.view(process, machine, log: log))
        }
        fail(checker.confirmed(process, machine, now: now))
    }
}
