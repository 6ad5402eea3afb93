/// The ledger's own events.
extension LedgerTurn {
    mutating func housekeep(_ author: some EventAuthor, at now: Instant) {
        let expired = ledger.housekeep(at: now)
        if !expired.isEmpty {
            _ = try? stage(own: .lifted(Lifting(eventIDs: expired, reason: "expired", expired: true)), author, at: now)
        }
        isForgettingDue = true
        if let noted = ledger.timeToNote(at: now) { _ = try? stage(own: noted, author, at: now) }
        routes = routes.filter { ledger.presence.presences[$0.key] != nil }
        evidence.forget { ledger.barriers[$0] != nil }
    }

    /// This process's first event, as soon as it may write one.
    mutating func openEpoch(_ author: some EventAuthor, at now: Instant) {
        if let opened = ledger.epochToOpen { _ = try? stage(own: opened, author, at: now) }
    }

    /// Events of the ledger's own that close a batch.
    mutating func stageOwn(_ author: some EventAuthor, at now: Instant) {
        openEpoch(author, at: now)
        serveParked(author, at: now)
        warn(author, at: now)
        forget(author, at: now)
    }

    /// Behind everything else of a turn, and never in one commit with a restriction, which would wait for it.
    private mutating func forget(_ author: some EventAuthor, at now: Instant) {
        guard isForgettingDue, batch.fits(events: 1, bytes: Limits.forgottenAtOnce * 64),
            !batch.events.contains(where: { StoreRoom.restrictions.admits($0.event.kind.name) })
        else { return }
        isForgettingDue = false
        if let forgotten = ledger.toForget(at: now) { _ = try? stage(own: forgotten, author, at: now) }
    }

    /// Answers requests for slices that have waited long enough, or for what has come back.
    private mutating func serveParked(_ author: some EventAuthor, at now: Instant) {
        guard ledger.nextDeadline != nil, ledger.room == .everything else { return }
        do throws(Refusal) {
            for opening in ledger.windowsDue(calendar: calendar, at: now) { try stage(own: opening, author, at: now) }
            while batch.fits(events: Limits.grantListCount), let (request, answer) = ledger.nextServed(at: now) {
                guard let asker = parked.removeValue(forKey: request.requestID) else { continue }
                switch answer {
                case .success(let answer): try stage(answer, for: asker, hasWaited: true, author, at: now)
                case .failure(let refusal): refuse(asker, refusal)
                }
            }
        } catch {
            // Whoever asked, asks again: a request for a slice is sent until it is answered.
            if error.code != .full { ledger.halt("a waiting request could not be answered: \(error)") }
        }
    }

    /// Warnings of ceilings that this batch has brought near.
    private mutating func warn(_ author: some EventAuthor, at now: Instant) {
        let spends: Set<EventKind.Name> = [.spendReported, .sliceClosed, .debtRecorded, .budgetCeilingSet]
        guard batch.events.contains(where: { spends.contains($0.event.kind.name) }) else { return }
        for warning in ledger.next.warningsDue().prefix(Limits.commitEvents / 2) {
            _ = try? stage(own: warning, author, at: now)
        }
    }

    /// An event of the ledger's own, which it has checked itself.
    @discardableResult
    mutating func stage(own kind: EventKind, _ author: some EventAuthor, at now: Instant) throws(Refusal)
        -> Position
    {
        let event = author.author(kind, at: ledger.stamp(at: now))
        let position = try ledger.stage(own: event.event)
        add(event, at: position)
        return position
    }

    mutating func add(_ event: VerifiedEvent, at position: Position) {
        batch.events.append(event)
        batch.bytes += event.entry.count
        positions[event.event.id] = position
    }
}
