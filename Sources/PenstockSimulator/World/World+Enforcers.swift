internal import PenstockCore

/// The enforcers' shells: what `PenstockEnforcer.Link` does with sockets, done with the queue.
extension World {
    func start(_ machine: Machine) {
        guard machine.process == nil, !machine.disk.isDamaged else { return }
        let process = EnforcerProcess(machine: machine, incarnation: Incarnation(high: inner.next(), low: inner.next()))
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
            if case .tick = what, machine.waiting.contains(where: { if case .tick = $0 { true } else { false } }) { return }
            machine.waiting.append(what)
            return
        }
        guard let process = machine.process else { return }
        guard now >= machine.busyUntil else { return queue.add(what, at: machine.busyUntil) }
        switch what {
        case .reply(_, process.incarnation, let id, let reply, let log) where log === host.log: take(reply, id, process, machine)
        case .logPage(_, process.incarnation, let log, let first, let count) where log === host.log: fold(log, first, count, process, machine)
        case .urgent(_, process.incarnation, let log, let position) where log === host.log:
            let effects = process.follower.receivedUrgent(log.event(at: position), at: position, &process.enforcement)
            if !effects.asks.isEmpty { coverage.note(.urgentAhead) }
            perform(effects, process, machine)
        case .tick(_, process.incarnation): break
        case .call(let call): return decide(call, process, machine)
        case .endHold(_, process.incarnation, let decision, let share): return endHold(decision, share, process, machine)
        default: return
        }
        tick(process, machine)
    }

    func tick(_ process: EnforcerProcess, _ machine: Machine) {
        let local = machine.clock.instant(at: now)
        for (id, request) in process.outstanding.overdue(at: local) { transmit(id, request, process, machine) }
        _ = process.enforcement.endOverdue(at: local, journal: SimJournal(world: self, machine: machine, process: process))
        var awaited: Follower.Awaited = []
        _ = process.outstanding.contains {
            awaited.formUnion(.init($0))
            return false
        }
        let asks = process.follower.tick(&process.enforcement, awaited: awaited, echoWanted: process.echoWanted, at: local) { inner.next() }
        process.echoWanted = false
        process.enforcement.recordCounts(at: local, journal: SimJournal(world: self, machine: machine, process: process))
        if asks.contains(where: { if case .echo = $0 { true } else { false } }) {
            // Two at one instant: either may be the one that is answered.
            process.echoes[local, default: (log.head, [])].bounds.append(Lease.Bounds(process.enforcement.folded.settings))
        }
        send(asks, process, machine)
        carry(process, machine)
        let seen = process.follower
        if seen.phase == .live { machine.disk.seen = .init(position: seen.applied, root: process.root, heard: seen.heard) }
        guard seen.phase != .halted else { return coverage.note(.diverged) }
        let next = now + (seen.isHurried ? 3 : 40) * .nanosecondsPerMillisecond
        if process.nextTick <= now || process.nextTick > next {
            process.nextTick = next
            queue.add(.tick(machine: machine.index, process.incarnation), at: next)
        }
    }

    func send(_ asks: [Follower.Ask], _ process: EnforcerProcess, _ machine: Machine) {
        for ask in asks {
            if case .fetch = ask { coverage.note(.fetch) }
            let request = request(ask, process, machine)
            let id = process.outstanding.add(ask, again: ask.retries ? request : nil, at: machine.clock.instant(at: now))
            transmit(id, request, process, machine)
        }
    }

    private func transmit(_ id: UInt64, _ request: SimRequest, _ process: EnforcerProcess, _ machine: Machine) {
        let inbound = Inbound(sender: .process(machine: machine.index, process.incarnation), name: machine.name, id: id, request: request)
        let times = network.arrivals(over: Link(machine: machine.index, toLedger: true), sentAt: now, isPublication: false, coverage: &coverage)
        if case .reserve = request, times.count > 1 { isReserveCopied = true }
        for time in times {
            queue.add(.atLedger(inbound, to: host.log), at: time)
        }
    }

    private func request(_ ask: Follower.Ask, _ process: EnforcerProcess, _ machine: Machine) -> SimRequest {
        var progress = NodeProgress(incarnation: process.incarnation, applied: process.follower.applied, heard: process.follower.heard)
        switch ask {
        case .prefix(let position):
            progress.applied = position
            return .ack(progress, root: machine.disk.seen.root)
        case .snapshot: return .snapshot
        case .echo(let nonce, let stated): return .echo(progress, nonce: nonce, stated, root: process.root)
        case .fetch(let from): return .fetch(from: from)
        case .acknowledge(let urgent, let ended):
            (progress.urgent, progress.ended) = (urgent, ended)
            return .ack(progress, root: process.root)
        case .reserve(_, let request): return .reserve(request)
        case .report(let uses):
            let uses = uses.sorted { $0.key < $1.key }.flatMap(\.value)
            return .submit(Submission(event: event(.spendReported(SliceReport(incarnation: process.incarnation, uses: uses)), by: machine.name)))
        case .close(let uses, let incarnation, let reason, let bySuccessor):
            if bySuccessor { coverage.note(.predecessorClosed) }
            return .submit(Submission(event: event(
                .sliceClosed(SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: bySuccessor)), by: machine.name)))
        case .owe(let debt):
            coverage.note(.debtTold)
            return .submit(Submission(event: event(.debtRecorded(debt), by: machine.name)))
        case .openSlices: return .openSlices
        }
    }

    private func take(_ reply: SimReply, _ id: UInt64, _ process: EnforcerProcess, _ machine: Machine) {
        if case .recalled(let wanted) = reply { return process.follower.recalled(wanted, &process.enforcement) }
        let local = machine.clock.instant(at: now)
        if case .refused(let refusal) = reply {
            guard let (ask, _) = process.outstanding.refused(id, refusal, at: local) else { return }
            process.follower.refused(ask, refusal, &process.enforcement, at: local)
            guard case .reserve(let reserve, _) = ask else { return }
            for part in reserve.parts where part.need > 0 {
                process.refusals[part.account] = (.init(part, .init("", refusal.code), process.enforcement), local)
            }
            return
        }
        let isInVain = if case .reserved(let granted, _) = reply { granted.isEmpty } else { false }
        guard let ask = isInVain ? process.outstanding.takeInVain(id) : process.outstanding.take(id) else { return }
        switch (ask, reply) {
        case (.echo, .echo(let echo)):
            process.follower.answered(echo, &process.enforcement, at: local)
            fail(checker.confirmed(process, machine, now: now))
        case (.snapshot, .snapshot(let image, let root, let head)):
            guard process.follower.phase == .loading, let view = try? View(image: image) else { return }
            process.follower.loaded(view, head: head, into: &process.enforcement, at: local)
            process.root = root
            coverage.note(.snapshotLoaded)
        case (.fetch, .fetched(let first, let count, let head, let log)):
            fold(log, first, count, process, machine)
            process.follower.fetched(head: head, at: local)
        case (.reserve(let reserve, _), .reserved(let granted, let refused)):
            for lack in process.follower.answered(reserve, granted: granted, refused: refused, &process.enforcement, at: local) {
                process.refusals[lack.part.account] = (lack, local)
            }
        case (_, .submitted): process.follower.taken(ask, &process.enforcement)
        case (.openSlices, .openSlices(let slices)):
            let asks = process.follower.answered(slices, process.enforcement)
            send(asks, process, machine)
        default: break
        }
    }

    private func fold(_ log: SimLog, _ first: Position, _ count: Int, _ process: EnforcerProcess, _ machine: Machine) {
        guard process.follower.admits(first: first, count: count, at: machine.clock.instant(at: now)) else {
            if process.follower.phase == .live { coverage.note(.gap) }
            return
        }
        var effects = Follower.Effects()
        var acknowledges = false
        for position in first..<first + Position(count) where position > process.follower.applied && process.follower.phase == .live {
            do {
                if try process.follower.apply(log.event(at: position), at: position, &process.enforcement, &effects) { acknowledges = true }
                process.root = SimLog.root(after: process.root, log.event(at: position))
                fail(checker.folded(process, machine, log: log))
            } catch {
                return
            }
        }
        fail(checker.confirmed(process, machine, now: now))
        if acknowledges { effects.asks.append(.acknowledge(urgent: [], ended: false)) }
        perform(effects, process, machine)
    }

    private func perform(_ effects: Follower.Effects, _ process: EnforcerProcess, _ machine: Machine) {
        if !effects.cancelled.isEmpty { coverage.note(.cancelled) }
        send(effects.asks, process, machine)
    }

    /// Writes down how much of each slice is used and drops the records before, as shipping them does.
    private func carry(_ process: EnforcerProcess, _ machine: Machine) {
        guard process.follower.mayForgetPredecessors, machine.disk.nextSequence > process.lastCarried + 60 else { return }
        let first = machine.disk.nextSequence
        var place = Enforcement.CarryPlace()
        while let record = process.enforcement.carried(from: &place) {
            guard SimJournal(world: self, machine: machine, process: process).record(record) != nil else { return }
        }
        coverage.note(.carried)
        fail(checker.reportsWereTaken(process, machine, world: self))
        process.lastCarried = machine.disk.nextSequence
        machine.disk.release(before: first)
    }
}
