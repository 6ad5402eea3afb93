/// What follows a commit.
extension LedgerTurn {
    /// How long log publications wait for the acknowledgements of a restriction among them.
    static var holdTime: Nanoseconds { 5 * .nanosecondsPerMillisecond }
    /// Cutting connections loses what is under way in them: answers get this long to leave.
    static var cutDelay: Nanoseconds { 50 * .nanosecondsPerMillisecond }

    /// Urgent events first: nothing may delay them.
    mutating func publish(_ events: [VerifiedEvent], at now: Instant) {
        guard !events.isEmpty else { return }
        let first = ledger.state.view.position + 1
        for (offset, event) in events.enumerated() {
            guard case .restricted = event.event.kind else { continue }
            effects.append(.publishUrgent(event, at: first + Position(offset)))
        }
        let restrictions = ledger.committed(at: now)
        noteMembers(events, at: now)
        noteRestore(events)
        if held == nil, restrictions.isEmpty {
            effects.append(.publishLog(events, from: first, restrictions: []))
        } else {
            hold(events, from: first, restrictions, at: now)
        }
    }

    /// The nodes' work on a log publication would compete with their acknowledgements of the restriction: it waits for
    /// these, for a moment at most, and everything behind it waits with it.
    private mutating func hold(
        _ events: [VerifiedEvent], from first: Position, _ restrictions: [Position], at now: Instant
    ) {
        var publications =
            held ?? HeldPublications(until: now + Self.holdTime, events: [], first: first, restrictions: [])
        publications.events += events
        publications.restrictions += restrictions
        held = publications
    }

    private mutating func noteMembers(_ events: [VerifiedEvent], at now: Instant) {
        let names = Set(events.map(\.event.kind.name))
        guard names.contains(.nodeAdmitted) || names.contains(.nodeExpelled) else { return }
        effects.append(.admitMembers)
        // A peer shows its key at the handshake only. An expelled node's requests are refused from its expulsion on.
        if names.contains(.nodeExpelled), cutDueAt == nil { cutDueAt = now + Self.cutDelay }
    }

    private mutating func noteRestore(_ events: [VerifiedEvent]) {
        guard isRestored, events.contains(where: { $0.event.kind.name == .epochOpened }) else { return }
        isRestored = false
        effects.append(.endRestore)
    }

    mutating func answer(_ batch: Batch, at now: Instant) {
        for (asker, answer) in batch.answers {
            switch answer {
            case .submitted(let position, let event, let isDuplicate, let barrierMS):
                var child: String?
                if case .grantIssued(let grant) = event.kind, !grant.parent.isEmpty { child = grant.grantID }
                effects.append(
                    .answer(asker, .submitted(position, event.id, isDuplicate: isDuplicate, child: child)))
                if let barrierMS { wait(for: position, asker, milliseconds: barrierMS, at: now) }
            case .reserved(let slices, let refused, let hasWaited):
                effects.append(.answer(asker, .reserved(slices, refused: refused, hasWaited: hasWaited)))
            }
        }
        for joiner in batch.joiners { effects.append(.answerJoin(joiner.route, .success(joiner.position))) }
    }

    /// The commit failed: its submitters are told so, which is final. Restrictions that others kept out of the log
    /// are tried again without them.
    mutating func undo(_ batch: Batch, _ refusal: Refusal, fits: StoreRoom, at now: Instant) {
        refuseParked(ledger.commitFailed(fits: fits, at: now))
        for event in batch.events { positions[event.event.id] = nil }
        let isMixed = !batch.events.allSatisfy { StoreRoom.restrictions.admits($0.event.kind.name) }
        var again: [LedgerInput<Route>] = []
        var durable = Batch()
        for (asker, answer) in batch.answers {
            // What came again, of before this commit, stands in the log all the same.
            if case .submitted(let position, _, true, _) = answer, position <= ledger.state.view.position {
                durable.answers.append((asker, answer))
                continue
            }
            guard isMixed, case .submitted(_, let event, _, let barrierMS) = answer,
                StoreRoom.restrictions.admits(event.kind.name),
                let verified = batch.events.first(where: { $0.event.id == event.id })
            else {
                refuse(asker, refusal)
                continue
            }
            again.append(.submit(verified, known: nil, barrierMS: barrierMS, asker))
        }
        self.answer(durable, at: now)
        inbox = again + inbox
        for joiner in batch.joiners { effects.append(.answerJoin(joiner.route, .failure(refusal))) }
    }

    mutating func answerEchoes(_ head: LedgerCommit.Head, at now: Instant) {
        for echo in echoes {
            do throws(Refusal) {
                guard case .read(let position, let epoch) = head else {
                    throw Refusal(.unavailable, "the ledger could not read its log", retryAfterMS: 20)
                }
                let reply = try ledger.answer(
                    echo.progress, nonce: echo.nonce, rates: echo.rates, from: echo.asker.sender, readHead: position,
                    readEpoch: epoch, at: now)
                effects.append(.answer(echo.asker, .echo(reply)))
            } catch {
                refuse(echo.asker, error)
            }
        }
        echoes = []
    }

    /// Asks the holders of what others wait for to give it back.
    mutating func recall(at now: Instant) {
        let recalls = Dictionary(grouping: ledger.recalls(at: now), by: \.incarnation)
        for (incarnation, recalls) in recalls.sorted(by: { $0.key < $1.key }) {
            guard let route = routes[incarnation] else { continue }
            effects.append(
                .recall(route, recalls.sorted { ($0.grantID, $0.unit) < ($1.grantID, $1.unit) }))
        }
    }
}
