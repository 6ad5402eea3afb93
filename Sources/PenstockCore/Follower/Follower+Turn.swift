/// What comes in, and what is to be done about it.
extension Follower {
    package mutating func take(
        _ input: NodeInput, _ enforcement: inout Enforcement, _ journal: some NodeJournal, at now: Instant
    ) {
        switch input {
        case .urgent(let event, let position): applyAhead(event, at: position, &enforcement)
        case .logged(let event, let position, let root): apply(event, at: position, root: root, &enforcement, now)
        case .contradiction(let why): halt(why, &enforcement)
        case .publishedCheckpoint(let note): checkpoints.published(note, at: now)
        case .checkpoint(let origin, let size, let root): cosign(origin, size, root, &enforcement)
        case .snapshot(let view, let root, let head): opened(view, root, head: head, &enforcement, at: now)
        case .reply(let reply, let id): take(reply, id, &enforcement, journal, at: now)
        case .recall(let wanted): recalled(wanted, &enforcement)
        case .decisions(let batch, let records, let isFull):
            ship(batch, records, isFull: isFull, &enforcement, journal, at: now)
        case .journal(let isLow): measured(journalIsLow: isLow)
        case .stop: end(&enforcement)
        }
    }

    /// What is due now; once a turn, after all that has come.
    ///
    /// - Parameters:
    ///   - echoWanted: a call waits for news that the view is fresh.
    ///   - random: makes nonces and ids of requests, which nobody may guess.
    package mutating func passTime(
        _ enforcement: inout Enforcement, _ journal: some NodeJournal, echoWanted: Bool, at now: Instant,
        random: () -> UInt64
    ) {
        isEchoWanted = isEchoWanted || echoWanted
        guard !yieldsTurn else {
            yieldsTurn = false
            return
        }
        keepUp(at: now)
        enforcement.recordCounts(at: now, journal: journal)
        _ = enforcement.endOverdue(at: now, journal: journal)
        recordEnds(journal)
        guard phase != .halted else { return }
        pending.again += outstanding.overdue(at: now)
        guard phase != .ending else { return endLate(&enforcement) }
        pending.asks += tick(&enforcement, awaited: awaited, echoWanted: false, at: now, random: random)
        guard phase == .live else { return }
        readDecisions(journal, at: now)
        checkpointsDue(at: now)
        if now >= due.seen {
            due.seen = now + .nanosecondsPerSecond
            noteSeen()
        }
    }

    /// Requests that are under way, or on their way.
    private var awaited: Awaited {
        var awaited: Awaited = load == nil ? [] : .snapshot
        for ask in pending.asks { awaited.formUnion(Awaited(ask)) }
        _ = outstanding.contains {
            awaited.formUnion(Awaited($0))
            return false
        }
        return awaited
    }

    /// How holds of earlier incarnations ended, some a turn.
    private mutating func recordEnds(_ journal: some NodeJournal) {
        for _ in 0..<Limits.holdsEndedPerTurn {
            guard let record = endsToRecord.first, journal.record(record) != nil else { return }
            endsToRecord.removeFirst()
        }
    }

    /// What the shell has to do about what has come, in order.
    ///
    /// - Parameter wall: the node's, for the events that it signs.
    package mutating func next(_ author: some EventAuthor, wall: WallTime, at now: Instant) -> [NodeEffect] {
        guard !pending.isEmpty else { return [] }
        let done = pending
        pending = Pending()
        var effects: [NodeEffect] = []
        func send(_ ask: Ask) {
            let request = request(ask, author, wall)
            effects.append(.send(request, id: outstanding.add(ask, again: ask.retries ? request : nil, at: now)))
        }
        if done.acknowledges {
            let pages = Self.pages(done.urgent, of: Limits.urgentPerAck)
            for urgent in pages.isEmpty ? [[]] : pages {
                send(.acknowledge(urgent: urgent, ended: false))
            }
        }
        if done.wakesAll { effects.append(.wakeAll) } else if !done.news.isEmpty { effects.append(.wake(done.news)) }
        if done.isRestricted { effects.append(.restrict(done.cancelled)) }
        effects += done.again.map { .send($0.message, id: $0.id) }
        for ask in done.asks { send(ask) }
        return effects + done.after
    }

    /// What the inputs since the last `next` have brought about.
    struct Pending: Sendable {
        /// Restrictions were applied: those of the urgent lane ahead of the log, and those of the log.
        var acknowledges = false
        var urgent: [Position] = []
        var wakesAll = false
        var news: Set<NodeNews> = []
        var isRestricted = false
        var cancelled: [Shard.Cancelled] = []
        var again: [(id: UInt64, message: NodeRequest)] = []
        var asks: [Ask] = []
        /// What follows all else, in order.
        var after: [NodeEffect] = []

        var isEmpty: Bool {
            !acknowledges && !wakesAll && news.isEmpty && !isRestricted && again.isEmpty && asks.isEmpty
                && after.isEmpty
        }

        mutating func restrict(_ calls: [Shard.Cancelled]) {
            acknowledges = true
            isRestricted = true
            wakesAll = true
            cancelled += calls
        }
    }

    mutating func noteSeen() {
        guard applied > 0 else { return }
        var seen = SeenLog()
        (seen.position, seen.root, seen.heard) = (applied, root, heard)
        (seen.epoch, seen.shipped) = (epoch, shipping.shipped)
        pending.after.append(.noteSeen(seen))
    }

    static func pages<Item>(_ items: [Item], of count: Int) -> [[Item]] {
        stride(from: 0, to: items.count, by: count).map { Array(items[$0..<min($0 + count, items.count)]) }
    }
}
