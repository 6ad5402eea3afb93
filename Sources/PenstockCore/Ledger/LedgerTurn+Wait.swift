/// What waits: for barriers, for acknowledgements, for room.
extension LedgerTurn {
    mutating func wait(for position: Position, _ asker: Asker, milliseconds: UInt32, at now: Instant) {
        // The request came again, over the same connection.
        guard !waiters.contains(where: { $0.asker.route == asker.route && $0.asker.id == asker.id }) else { return }
        guard waiters.count < Limits.barriers,
            waiters.count(where: { $0.asker.sender.name == asker.sender.name }) < Limits.barriersPerMember
        else {
            return refuse(
                asker,
                Refusal(
                    .busy, "too many wait for barriers; the event stands at position \(position)", retryAfterMS: 200))
        }
        guard ledger.openBarrier(position, at: now) else {
            return refuse(asker, Refusal(.notFound, "no barrier is open for position \(position)"))
        }
        let deadline = now + Instant(milliseconds) * .nanosecondsPerMillisecond
        waiters.append(BarrierWaiter(position: position, asker: asker, deadline: deadline))
    }

    mutating func passTime(at now: Instant) {
        evidence.ended(ledger.stepBarriers(at: now))
        answerWaiters(at: now)
        publishHeld(at: now)
        if let due = cutDueAt, now >= due {
            cutDueAt = nil
            effects.append(.cutConnections)
        }
        if let why = ledger.halted, !isHaltReported {
            isHaltReported = true
            effects.append(.reportHalt(why))
        }
    }

    private mutating func answerWaiters(at now: Instant) {
        guard !waiters.isEmpty else { return }
        var left: [BarrierWaiter] = []
        for waiter in waiters {
            guard let barrier = ledger.barriers[waiter.position] else {
                refuse(waiter.asker, Refusal(.notFound, "no barrier is kept for position \(waiter.position)"))
                continue
            }
            if barrier.state == .waiting, now < waiter.deadline {
                left.append(waiter)
            } else {
                effects.append(.answer(waiter.asker, .barrier(barrier)))
            }
        }
        waiters = left
    }

    private mutating func publishHeld(at now: Instant) {
        guard let held,
            now >= held.until || held.restrictions.allSatisfy({ ledger.barriers[$0]?.state != .waiting })
        else { return }
        self.held = nil
        effects.append(.publishLog(held.events, from: held.first, restrictions: held.restrictions))
    }

    mutating func refuseParked(_ requests: [SliceRequest]) {
        for request in requests {
            if let waiting = parked.removeValue(forKey: request.requestID) {
                refuse(waiting, Refusal(.full, "the ledger's disk is full", retryAfterMS: 1000))
            }
        }
    }
}
