internal import PenstockCore

/// The ledger's shell: what `PenstockLedger.Sequencer` does with sockets and SQLite, done with the queue. A turn takes up
/// what has come, makes it durable in one commit, and then answers and publishes.
extension World {
    func atLedger(_ what: Happening) {
        if host.isPaused {
            host.waiting.append(what)
            return
        }
        switch what {
        case .atLedger(let inbound, let log):
            // A log that was put back has a process of its own: what was on its way to another one is lost with its connection.
            guard host.ledger != nil, log === host.log else { return }
            host.inbox.append(inbound)
            beginTurn()
        case .ledgerTurn(host.generation): takeTurn()
        case .committed(host.generation): finishTurn()
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
        guard host.ledger == nil else { return }
        let log = host.log
        do {
            var ledger = Ledger(try log.fold())
            log.epoch = max(log.epoch, ledger.state.epoch) + 1
            // Until every node has told, each process waits for them anew.
            // A wall clock that is ahead when a machine boots cannot be told from a long stop.
            if !host.isSameBoot { host.clock.wallErrorMS = min(host.clock.wallErrorMS, 0) }
            let time = LedgerTime(wall: host.clock.wall(at: now), at: ledgerNow, after: host.memory(of: ledger.state))
            ledger.start(epoch: log.epoch, restored: restored || (host.newest != nil && !host.hasServedRestored), time: time, at: ledgerNow)
            host.ledger = ledger
            noteLostTime()
            noteTime()
        } catch {
            return fail(.log, "the log cannot be folded: \(error)")
        }
        beginTurn()
        queue.add(.ledgerTimer(generation: host.generation), at: now + 50_000_000)
    }

    /// - Parameter finishing: what the disk had taken of a commit under way is durable, though nobody hears of it.
    func killLedger(finishing: Bool) {
        guard host.ledger != nil else { return }
        if finishing, host.isTurning, !host.staged.isEmpty, host.canWrite { append(host.staged) }
        host.ledger = nil
        host.generation += 1
        (host.inbox, host.staged, host.turn, host.isTurning, host.waiters, host.waiting) = ([], [], .init(), false, [], [])
        (host.parked, host.routes) = ([:], [:])
        host.isPaused = false
    }

    var ledgerNow: Instant { host.clock.instant(at: now) }

    private func beginTurn() {
        guard !host.isTurning else { return }
        host.isTurning = true
        queue.add(.ledgerTurn(generation: host.generation), at: now + 20_000)
    }

    /// How long a machine was down, a wall clock that is behind cannot tell: time goes on from what the log and the folder
    /// carry.
    private func noteLostTime() {
        guard !host.isSameBoot else { return }
        host.isSameBoot = true
        guard host.clock.wallErrorMS < 0 else { return }
        let own = (1...host.log.head).last { host.log.event(at: $0).origin == "ledger" }
        let told = max(own.map { host.log.durableAt[Int($0) - 1] } ?? 0, host.mark == nil ? 0 : host.markedAt)
        checker.lostTime += host.clock.undisturbedWall(at: now) - host.clock.undisturbedWall(at: told)
    }

    /// Reads the wall clock, and keeps what the ledger makes of it in its folder.
    func noteTime() {
        switch host.ledger!.observe(wall: host.clock.wall(at: now), at: ledgerNow) {
        case .leapt: coverage.note(.leapt)
        case .agrees: coverage.note(.leapEnded)
        case nil: break
        }
        host.time = host.ledger!.time
        host.mark = LedgerTime.Mark(at: ledgerNow, time: host.time.reading(at: ledgerNow).continued)
        host.stopped = host.time.stopped(at: ledgerNow)
        host.lagging = host.time.lagging(at: ledgerNow)
        host.markedAt = now
    }

    private func takeTurn() {
        noteTime()
        let inbox = host.inbox
        host.inbox = []
        measureDisk()
        for inbound in inbox {
            guard let sender = host.ledger!.state.view.member(inbound.name) ?? joiner(inbound) else { continue }
            do throws(Refusal) {
                try take(inbound, from: sender)
            } catch {
                if error.code == .badSignature || error.code == .notSigner || error.code == .notPermitted { coverage.note(.refusedForgery) }
                if error.code == .invalid, case .submit(let submission) = inbound.request, case .restricted(let restriction) = submission.event.kind,
                    restriction.expiresAt > host.clock.undisturbedWall(at: now) + Checker.clockTolerance
                {
                    fail(.revocation, "a restriction that ends in time to come was refused: \(error)")
                }
                if error.code == .invalid, case .submit(let submission) = inbound.request, case .grantIssued(let grant) = submission.event.kind, !grant.parent.isEmpty { coverage.note(.refusedChild) }
                checkRefused(inbound, error)
                reply(.refused(error), to: inbound)
            }
        }
        serveWaiting()
        for warning in host.ledger!.state.warningsDue() { _ = try? stage(warning) }
        if let kind = host.ledger!.epochToOpen {
            let opened = event(kind, by: "ledger")
            if (try? host.ledger!.stage(own: opened)) != nil { host.staged.append(opened) }
        }
        let time = host.staged.isEmpty ? 20_000 : host.commitTime + inner.between(0, 200_000)
        queue.add(.committed(generation: host.generation), at: now + time)
    }

    /// Who joins is no member yet: its keys come with the request.
    private func joiner(_ inbound: Inbound) -> NodeKeys? {
        if case .join(let keys, _) = inbound.request { keys } else { nil }
    }

    private func take(_ inbound: Inbound, from sender: NodeKeys) throws(Refusal) {
        switch inbound.request {
        case .submit(let submission):
            try host.ledger!.checkServing()
            try host.ledger!.authorize(submission.event, from: sender)
            guard !submission.isForged else { throw Refusal(.badSignature, "the event's signature does not verify") }
            if let position = known(submission.event.id) {
                host.turn.owed.append((inbound, .submitted(position)))
                return
            }
            let position = try host.ledger!.stage(submission.event, at: ledgerNow)
            host.staged.append(submission.event)
            host.turn.owed.append((inbound, .submitted(position)))
        case .join(let keys, let tokenHash):
            try host.ledger!.checkServing()
            let admitted = event(.nodeAdmitted(keys, tokenHash: tokenHash), by: "ledger")
            let position = try host.ledger!.stage(admitted, at: ledgerNow)
            host.staged.append(admitted)
            host.turn.owed.append((inbound, .submitted(position)))
        case .reserve(let request):
            try host.ledger!.check(request, from: sender)
            try openWindows(host.ledger!.windowsDue(for: request, calendar: Self.calendar, at: ledgerNow))
            if let answer = try host.ledger!.reserve(request, from: sender, at: ledgerNow) {
                try answered(inbound, answer)
            } else {
                coverage.note(.parked)
                host.parked[request.requestID] = inbound
            }
        case .echo(let progress, let nonce, let stated, let root):
            try host.ledger!.register(progress, from: sender, agrees: host.log.root(at: progress.applied) == root, at: ledgerNow)
            host.turn.echoes.append((inbound, progress, nonce, stated))
            host.routes[progress.incarnation] = inbound
        case .ack(let progress, let root):
            let over = try host.ledger!.acknowledge(progress, from: sender, agrees: host.log.root(at: progress.applied) == root, at: ledgerNow)
            for request in over {
                if let waiting = host.parked.removeValue(forKey: request.requestID) { reply(.refused(Ledger.ended), to: waiting) }
            }
        case .fetch, .snapshot, .openSlices: host.turn.queries.append(inbound)
        }
    }

    /// Every so many seconds, in place of a time zone's days.
    private static func calendar(_ period: BudgetWindow.CalendarPeriod, _ zone: String, _ wall: WallTime) -> (start: WallTime, end: WallTime)? {
        let length = Int64(period.rawValue) * 700
        return (wall - wall % length, wall - wall % length + length)
    }

    private func openWindows(_ kinds: [EventKind]) throws(Refusal) {
        for kind in kinds {
            coverage.note(.windowOpened)
            try stage(kind)
        }
    }

    @discardableResult
    private func stage(_ kind: EventKind) throws(Refusal) -> Position {
        let event = event(kind, by: "ledger")
        let position = try host.ledger!.stage(own: event)
        host.staged.append(event)
        return position
    }

    private func answered(_ inbound: Inbound, _ answer: SliceAnswer) throws(Refusal) {
        var slices: [(position: Position, slice: Slice)] = []
        for (index, slice) in answer.slices.enumerated() {
            slices.append((answer.positions.isEmpty ? try stage(.sliceReserved(slice)) : answer.positions[index], slice))
        }
        if case .reserve(let request) = inbound.request {
            for refused in answer.refused {
                let book = host.ledger!.state.book
                // A budget that is staged with this very answer may be what lacks, and the checker has not seen it yet.
                if host.staged.contains(where: { $0.kind.name == .budgetCreated }) { break }
                fail(request.parts.first { $0.unit == refused.unit }.flatMap { checker.refused($0, refused.code, grantID: request.grantID, book) })
                if refused.code == .budgetFrozen { coverage.note(.frozen) }
            }
        }
        host.turn.owed.append((inbound, .reserved(slices, refused: answer.refused)))
    }

    /// Answers requests that waited, and asks the holders of what others wait for to give it back.
    private func serveWaiting() {
        do throws(Refusal) {
            try openWindows(host.ledger!.windowsDue(calendar: Self.calendar, at: ledgerNow))
            while let (request, answer) = host.ledger!.nextServed(at: ledgerNow) {
                guard let inbound = host.parked.removeValue(forKey: request.requestID) else { continue }
                switch answer {
                case .success(let answer):
                    coverage.note(answer.slices.isEmpty ? .waitedInVain : .servedLater)
                    try answered(inbound, answer)
                case .failure(let refusal): reply(.refused(refusal), to: inbound)
                }
            }
        } catch {
            return
        }
        let recalls = Dictionary(grouping: host.ledger!.recalls(at: ledgerNow)) { $0.incarnation }
        for (incarnation, recalls) in recalls.sorted(by: { $0.key < $1.key }) {
            guard let route = host.routes[incarnation] else { continue }
            coverage.note(.recall)
            reply(.recalled(recalls.map { ($0.grantID, $0.unit) }.sorted { $0 < $1 }), to: route)
        }
    }

    private func known(_ id: Digest) -> Position? {
        if let index = host.staged.firstIndex(where: { $0.id == id }) { return host.log.head + Position(index) + 1 }
        return host.log.positions[id]
    }

    private func finishTurn() {
        let (events, turn) = (host.staged, host.turn)
        (host.turn, host.isTurning) = (.init(), false)
        if !events.isEmpty, !host.canWrite {
            // They stay staged: every turn tries them again.
            coverage.note(.refusedCommit)
            host.ledger!.commitFailed()
            for (inbound, _) in turn.owed { reply(.refused(Refusal(.full, "the log cannot be written", retryAfterMS: 1000)), to: inbound) }
        } else {
            if host.ledger!.isAheadOfLog { coverage.note(.committedLater) }
            host.staged = []
            let first = host.log.head + 1
            takeRoom(for: events)
            append(events)
            let restricted = host.ledger!.committed(events, from: first, at: ledgerNow)
            for position in restricted { publish(urgent: position) }
            if !events.isEmpty { publish(Array(first...host.log.head)) }
            for (inbound, owed) in turn.owed { settle(inbound, owed) }
            noteServed()
            note(events)
            fail(checker.conserved(host.ledger!.state.book, events))
        }
        measureDisk()
        answer(turn.echoes)
        for inbound in turn.queries { query(inbound) }
        stepBarriers()
        if !host.inbox.isEmpty { beginTurn() }
    }

    /// From the first event that a restored log takes, it is the log.
    private func noteServed() {
        guard let newest = host.newest, !host.hasServedRestored, host.ledger!.awaited.isEmpty else { return }
        host.hasServedRestored = true
        if host.restoredCount < newest.head { checker.forgetLostSpend(host.ledger!.state.book) }
    }

    private func note(_ events: [Event]) {
        for event in events {
            switch event.kind {
            case .budgetCeilingSet(let key, _, _) where host.ledger!.state.book.entries[key]?.overcommitted ?? 0 > 0: coverage.note(.overcommitted)
            case .debtsAccepted: coverage.note(.debtAccepted)
            case .debtSettled: coverage.note(.debtSettled)
            case .budgetChanged: coverage.note(.budgetMoved)
            case .budgetClosed: coverage.note(.budgetClosed)
            case .rateChanged: coverage.note(.rateChanged)
            case .rateClosed: coverage.note(.rateClosed)
            case .debtRecorded(let debt):
                let book = host.ledger!.state.book
                if !host.ledger!.state.view.freezes(debt) { coverage.note(.tolerated) }
                if debt.amounts.contains(where: { amount in host.ledger!.state.levels(debt.grantID, amount.unit).contains { book.entries[$0]?.isFrozen == false } }) { coverage.note(.debtWithRoom) }
            case .budgetWarned: coverage.note(.warned)
            default: break
            }
        }
    }

    private func settle(_ inbound: Inbound, _ owed: LedgerHost.Owed) {
        switch owed {
        case .submitted(let position):
            checker.acknowledged(position, host.log.event(at: position).id)
            reply(.submitted(position), to: inbound)
            guard case .command(let number) = inbound.sender, let patience = commands[number].barrierMS else { return }
            guard host.ledger!.openBarrier(position, at: ledgerNow) else { return }
            guard !host.waiters.contains(where: { $0.command == number }) else { return }
            host.waiters.append((number, position, ledgerNow + patience * .nanosecondsPerMillisecond))
        case .reserved(let slices, let refused):
            let granted = slices.map { Purse.Granted(slice: $0.position, unit: $0.slice.unit, amount: $0.slice.amount, endsAt: $0.slice.endsAt) }
            reply(.reserved(granted, refused: refused), to: inbound)
        }
    }

    private func answer(_ echoes: [(Inbound, NodeProgress, nonce: UInt64, rates: RateStatement)]) {
        for (inbound, progress, nonce, stated) in echoes {
            guard let sender = host.ledger!.state.view.member(inbound.name) else { continue }
            let reply = host.ledger!.answer(
                progress, nonce: nonce, rates: stated, from: sender, readHead: host.log.head, readEpoch: host.log.epoch, at: ledgerNow)
            guard let reply else { continue }
            if host.disk.room == .nothing || !host.staged.isEmpty { fail(.revocation, "a lease is given though no restriction can be made durable") }
            self.reply(.echo(reply), to: inbound)
        }
    }

    private func query(_ inbound: Inbound) {
        let ledger = host.ledger!
        switch inbound.request {
        case .fetch(let from):
            let count = from > host.log.head ? 0 : min(200, Int(host.log.head - from) + 1)
            reply(.fetched(first: from, count: count, head: host.log.head, host.log), to: inbound)
        case .snapshot:
            do throws(Refusal) {
                try ledger.checkServing()
                try ledger.checkDurable()
                reply(.snapshot(ledger.state.view.image, root: host.log.root(at: ledger.state.view.position)!, head: host.log.head), to: inbound)
            } catch {
                reply(.refused(error), to: inbound)
            }
        case .openSlices:
            let open = ledger.state.book.open.filter { $0.value.slice.node == inbound.name }.sorted { $0.key < $1.key }
            reply(.openSlices(open.map { .init(slice: $0.key, incarnation: $0.value.slice.incarnation, amount: $0.value.slice.amount - $0.value.returned, used: $0.value.used) }), to: inbound)
        case .submit, .reserve, .echo, .ack, .join: break
        }
    }

    func reply(_ reply: SimReply, to inbound: Inbound) {
        switch inbound.sender {
        case .process(let machine, let incarnation):
            for time in network.arrivals(over: Link(machine: machine, toLedger: false), sentAt: now, isPublication: false, coverage: &coverage) {
                queue.add(.reply(machine: machine, incarnation, id: inbound.id, reply, from: host.log), at: time)
            }
        case .command(let number): queue.add(.answered(command: number, reply), at: now + 200_000)
        }
    }

    private func publish(urgent position: Position) {
        toSubscribers { .urgent(machine: $0.index, $1, host.log, position) }
    }

    private func publish(_ positions: [Position]) {
        guard let first = positions.first else { return }
        toSubscribers { .logPage(machine: $0.index, $1, host.log, first: first, count: positions.count) }
    }

    /// Members that are connected: an expelled one is cut off.
    private func toSubscribers(_ what: (Machine, Incarnation) -> Happening) {
        for machine in machines {
            guard let process = machine.process, host.ledger?.state.view.member(machine.name) != nil else { continue }
            for time in network.arrivals(over: Link(machine: machine.index, toLedger: false), sentAt: now, isPublication: true, coverage: &coverage) {
                queue.add(what(machine, process.incarnation), at: time)
            }
        }
    }

    private func ledgerTimer() {
        stepBarriers()
        if !host.isTurning {
            noteTime()
            measureDisk()
            let expired = host.ledger!.housekeep(at: ledgerNow)
            if !expired.isEmpty {
                let lifted = event(.lifted(Lifting(eventIDs: expired, reason: "expired", expired: true)), by: "ledger")
                if (try? host.ledger!.stage(own: lifted)) != nil { host.staged.append(lifted) }
                commitSoon()
            } else if let noted = host.ledger!.timeToNote(at: ledgerNow) {
                coverage.note(.timeNoted)
                if (try? stage(noted)) != nil { commitSoon() }
            } else if host.ledger!.nextDeadline != nil || host.ledger!.isAheadOfLog {
                beginTurn()
            }
        }
        let next = host.ledger!.nextFence.map { $0 - ledgerNow } ?? 200_000_000
        queue.add(.ledgerTimer(generation: host.generation), at: now + min(max(next, 1_000_000), 200_000_000))
    }

    private func commitSoon() {
        host.isTurning = true
        queue.add(.committed(generation: host.generation), at: now + host.commitTime)
    }

    private func stepBarriers() {
        for position in host.ledger!.stepBarriers(at: ledgerNow) {
            let barrier = host.ledger!.barriers[position]!
            for node in barrier.nodes { coverage.note(node.state == .enforced ? .enforced : .fenced) }
            fail(checker.closed(barrier, world: self))
        }
        host.waiters.removeAll { waiter in
            switch host.ledger!.barriers[waiter.position]?.state {
            case .closed: coverage.note(.closed)
            case .lifted: coverage.note(.lifted)
            case .waiting:
                guard ledgerNow >= waiter.deadline else { return false }
                coverage.note(.partial)
            case nil: break
            }
            return true
        }
    }
}
