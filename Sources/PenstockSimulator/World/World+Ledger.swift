internal import PenstockCore

/// The ledger's shell in the simulator: it does what the turn says, with the queue, a simulated log and a simulated
/// disk.
extension World {
    func atLedger(_ what: Happening) {
        if host.isPaused {
            host.waiting.append(what)
            return
        }
        switch what {
        case .atLedger(let inbound, let log):
            // A log that was put back has a process of its own: what was on its way to another one is lost with its
            // connection.
            guard host.turn != nil, log === host.log else { return }
            host.inbox.append(inbound)
            beginTurn()
        case .ledgerTurn(host.generation): takeTurn()
        case .committed(host.generation): finishCommit()
        case .ledgerTimer(host.generation): ledgerTimer()
        case .startLedger(let restored): startLedger(restored: restored)
        default: break
        }
    }

    func wakeLedger() {
        guard host.isPaused else { return }
        host.isPaused = false
        let waiting = host.waiting
        host.waiting = []
        for happening in waiting { queue.add(happening, at: now) }
    }

    func startLedger(restored: Bool) {
        guard host.turn == nil else { return }
        let log = host.log
        // Until every node has told, each process waits for them anew.
        let isRestored = restored || (host.newest != nil && !host.hasServedRestored)
        do {
            let state = try log.fold()
            log.epoch = max(log.epoch, state.epoch) + 1
            // A wall clock that is ahead when a machine boots cannot be told from a long stop.
            if !host.isSameBoot { host.clock.wallErrorMS = min(host.clock.wallErrorMS, 0) }
            let time = LedgerTime(wall: host.clock.wall(at: now), at: ledgerNow, after: host.memory(of: state))
            var turn = LedgerTurn<Inbound>(Ledger(state, keptMS: Limits.keptMS), calendar: Self.calendar)
            turn.start(epoch: log.epoch, restored: isRestored, time: time, at: ledgerNow)
            host.turn = turn
            noteLostTime()
            noteTime()
        } catch {
            return fail(.log, "the log cannot be view: \(error)")
        }
        beginTurn()
    }

    /// - Parameter finishing: what the disk had taken of a commit under way is durable, though nobody hears of it.
    func killLedger(finishing: Bool) {
        guard host.turn != nil else { return }
        if finishing, let events = host.commit?.events.map(\.event), host.canWrite(events) { append(events) }
        host.endProcess()
    }

    var ledgerNow: Instant { host.clock.instant(at: now) }

    // MARK: Turns

    private func beginTurn() {
        guard !host.isTurning else { return }
        host.isTurning = true
        queue.add(.ledgerTurn(generation: host.generation), at: now + 20_000)
    }

    private func takeTurn() {
        noteTime()
        measureDisk()
        let inbox = host.inbox
        host.inbox = []
        for inbound in inbox { enter(inbound) }
        advance()
    }

    private func advance() {
        guard let (effects, commit) = host.running.next(SimAuthor(world: self), at: ledgerNow) else { return endTurn() }
        perform(effects)
        host.commit = commit
        let time = commit.events.isEmpty ? 20_000 : host.commitTime + inner.between(0, 200_000)
        queue.add(.committed(generation: host.generation), at: now + time)
    }

    private func finishCommit() {
        guard let commit = host.commit else { return }
        host.commit = nil
        let events = commit.events.map(\.event)
        let outcome = write(events)
        let head = commit.readsHead ? LedgerCommit.Head.read(log.head, epoch: log.epoch) : .notRead
        host.lastCommit = events
        let effects = host.running.finish(outcome, head: head, at: ledgerNow)
        // A leap that was accepted counts from now on.
        host.time = host.running.ledger.time
        perform(effects)
        if case .durable = outcome { note(events) }
        measureDisk()
        advance()
    }

    private func endTurn() {
        perform(host.running.step(at: ledgerNow))
        for inbound in host.queries { query(inbound) }
        host.queries = []
        host.isTurning = false
        if !host.inbox.isEmpty { beginTurn() }
        setTimer()
    }

    private func ledgerTimer() {
        guard now >= host.timerAt else { return }
        host.timerAt = .max
        guard !host.isTurning else { return }
        host.isTurning = true
        noteTime()
        measureDisk()
        if now - host.housekeptAt >= Self.housekeepingInterval {
            host.housekeptAt = now
            host.running.take(.housekeep)
        }
        advance()
    }

    private static var housekeepingInterval: Int64 { 200_000_000 }

    private func setTimer() {
        let due = host.running.dueAt(ledgerNow).map { max($0 - ledgerNow, 1_000_000) } ?? .max
        let next = now + min(due, Self.housekeepingInterval)
        guard next < host.timerAt else { return }
        host.timerAt = next
        queue.add(.ledgerTimer(generation: host.generation), at: next)
    }
}
