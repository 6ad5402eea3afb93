/// From inputs to staged events.
extension LedgerTurn {
    /// Whether an input's events fit the commit that is being made up.
    func fits(_ input: LedgerInput<Route>) -> Bool {
        switch input {
        case .submit(let event, _, _, _): batch.fits(events: 1, bytes: event.entry.count)
        // A window may have to be opened for each unit.
        case .reserve(let request, _): batch.fits(events: 2 * request.parts.count)
        case .join, .housekeep: batch.fits(events: 2)
        case .echo, .acknowledge: true
        }
    }

    mutating func stage(_ input: LedgerInput<Route>, _ author: some EventAuthor, at now: Instant) {
        switch input {
        case .submit(let event, let known, let barrierMS, let asker):
            refusing(asker) { turn throws(Refusal) in try turn.submit(event, known, barrierMS, asker, at: now) }
        case .reserve(let request, let asker):
            refusing(asker) { turn throws(Refusal) in try turn.reserve(request, asker, author, at: now) }
        case .echo(let progress, let nonce, let rates, let agrees, let asker):
            refusing(asker) { turn throws(Refusal) in
                try turn.ledger.register(progress, from: asker.sender, agrees: agrees, at: now)
                turn.routes[progress.incarnation] = asker.route
                turn.echoes.append(WaitingEcho(asker: asker, progress: progress, nonce: nonce, rates: rates))
            }
        case .acknowledge(let progress, let agrees, let asker):
            refusing(asker) { turn throws(Refusal) in
                let over = try turn.ledger.acknowledge(progress, from: asker.sender, agrees: agrees, at: now)
                for request in over {
                    if let waiting = turn.parked.removeValue(forKey: request.requestID) {
                        turn.refuse(waiting, Ledger.ended)
                    }
                }
            }
        case .join(let keys, let tokenHash, let route):
            do throws(Refusal) {
                try join(keys, tokenHash, route, author, at: now)
            } catch {
                effects.append(.answerJoin(route, .failure(error)))
            }
        case .housekeep: housekeep(author, at: now)
        }
    }

    private mutating func refusing(_ asker: Asker, _ body: (inout Self) throws(Refusal) -> Void) {
        do throws(Refusal) {
            try body(&self)
        } catch {
            refuse(asker, error)
        }
    }

    private mutating func submit(
        _ event: VerifiedEvent, _ known: Position?, _ barrierMS: UInt32?, _ asker: Asker, at now: Instant
    ) throws(Refusal) {
        try ledger.checkServing()
        try ledger.authorize(event.event, from: asker.sender)
        let before = known ?? positions[event.event.id]
        let position = if let before { before } else { try stage(event, at: now) }
        batch.answers.append(
            (asker, .submitted(position, event.event, isDuplicate: before != nil, barrierMS: barrierMS)))
    }

    private mutating func stage(_ event: VerifiedEvent, at now: Instant) throws(Refusal) -> Position {
        let position = try ledger.stage(event.event, at: now)
        add(event, at: position)
        return position
    }

    private mutating func reserve(_ request: SliceRequest, _ asker: Asker, _ author: some EventAuthor, at now: Instant)
        throws(Refusal)
    {
        try ledger.check(request, from: asker.sender)
        for opening in ledger.windowsDue(for: request, calendar: calendar, at: now) {
            try stage(own: opening, author, at: now)
        }
        if let answer = try ledger.reserve(request, from: asker.sender, at: now) {
            try stage(answer, for: asker, hasWaited: false, author, at: now)
        } else {
            parked[request.requestID] = asker
        }
    }

    /// All slices of one answer enter the log in one commit, or none does.
    mutating func stage(
        _ answer: SliceAnswer, for asker: Asker, hasWaited: Bool, _ author: some EventAuthor, at now: Instant
    ) throws(Refusal) {
        var slices: [PlacedSlice] = []
        for (index, slice) in answer.slices.enumerated() {
            let position =
                answer.positions.isEmpty
                ? try stage(own: .sliceReserved(slice), author, at: now) : answer.positions[index]
            slices.append(PlacedSlice(position: position, slice: slice))
        }
        batch.answers.append((asker, .reserved(slices, refused: answer.refused, hasWaited: hasWaited)))
    }

    private mutating func join(
        _ keys: NodeKeys, _ tokenHash: Digest, _ route: Route, _ author: some EventAuthor, at now: Instant
    ) throws(Refusal) {
        try ledger.checkServing()
        // It was admitted, and did not hear so: it has just proven again that it holds these keys.
        if ledger.next.view.member(keys.name) == keys, ledger.next.view.tokens[tokenHash] != nil {
            batch.joiners.append((route, ledger.next.view.position))
            return
        }
        let admission = author.author(.nodeAdmitted(keys, tokenHash: tokenHash), at: ledger.stamp(at: now))
        batch.joiners.append((route, try stage(admission, at: now)))
    }
}
