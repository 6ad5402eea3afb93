/// The ledger's side of the protocol, as a value: what it makes of requests, of time, and of what its store did.
/// The shell owns sockets, store, tree and keys; it hands in what has come, and does what it is told.
///
/// Durability order: `stage` folds an event ahead of its commit; nothing of it may be answered or published before
/// `committed`. A commit that failed is not undone, which would cost a second copy of the state or a fold of the whole
/// log: the state stays ahead of the log, nothing is served from it, and the same events are tried again until they are
/// durable. Their submitters were told `full`, which leaves open whether they are taken.
package struct Ledger: Sendable {
    package private(set) var state: LedgerState
    package internal(set) var presence = PresenceTable()
    package private(set) var barriers: [Position: Barrier] = [:]
    /// Positions of the barriers that had not ended at the last step. Many that have are kept, and every turn steps.
    private var waiting: [Position] = []
    /// Why nothing is served until an operator has decided; nil in health.
    package private(set) var halted: String?
    /// Enforcers that have not told yet how far they had seen the log, of one that was restored from a backup.
    package internal(set) var awaited: Set<String> = []
    /// What this process has opened at the store; its first event says so in the log.
    private var epoch: UInt64 = 0
    /// What the shell has measured last.
    private var measured: StoreRoom = .everything
    /// A commit failed: the state has events that are not durable yet.
    package private(set) var isAheadOfLog = false
    /// Requests for slices that wait for something to come back, oldest first.
    var reserves: [WaitingReserve] = []
    /// What the book's `returns` were when the waiting ones were last looked through.
    var returnsSeen: UInt64 = 0
    /// Nil before this process serves.
    package internal(set) var rates: RateTable?
    /// The log's end when it began to: what comes after is its own.
    var startedAt: Position = 0
    /// As of the last observation of the wall clock.
    package private(set) var time = LedgerTime(wall: 0, at: 0)
    /// An operator's acceptance of the wall clock is staged, and not durable yet.
    private var isTimeStaged = false
    /// When it was last looked whether the log should carry the time.
    private var timeNotedAt: Instant = .min / 2
    /// When slices of budgets that are frozen or overcommitted were called back last.
    var pressedRecalledAt: Instant = .min / 2

    package init(_ state: LedgerState) { self.state = state }

    /// Begins to serve: every lease that a process before this one could have given is counted.
    ///
    /// - Parameters:
    ///   - epoch: what this process has opened at the store, so that no older one can append.
    ///   - restored: the log comes from a backup. Nothing is served or written until each enforcer has told how far it had
    ///     seen the log: what only a lost part of it said, such as a revoke or a slice, must not be forgotten.
    ///   - without: enforcers that an operator has decided not to wait for.
    ///   - time: what `greatestTime` of the state, and what lies beside the log, let it be.
    package mutating func start(epoch: UInt64, restored: Bool, without: [String] = [], time: LedgerTime = LedgerTime(wall: 0, at: 0), at now: Instant) {
        self.epoch = epoch
        self.time = time
        let enforcers = state.view.members.values.filter { $0.keys.role == .enforcer }
        presence.started(at: now, nodes: enforcers.map(\.keys.name), bound: state.largestBound)
        if let newest = state.view.restrictions.keys.max() { presence.restrictedBefore(newest) }
        rates = RateTable(epoch: epoch, startedAt: now, bound: presence.bound)
        rates?.clockRatePPM = state.view.settings.clockRatePPM
        startedAt = state.view.position
        if restored { awaited = Set(enforcers.filter(\.belongs).map(\.keys.name)).subtracting(without) }
    }

    /// The first event that a process writes, due once nothing keeps it from serving; nil at any other time.
    package var epochToOpen: EventKind? {
        awaited.isEmpty && halted == nil && state.epoch < epoch ? .epochOpened(epoch, reason: "start") : nil
    }

    /// Whether the log of record, just read, is what this process has folded, in its own epoch.
    func isCurrent(_ head: Position, _ readEpoch: UInt64) -> Bool { head == state.view.position && readEpoch == epoch }

    package mutating func halt(_ why: String) { halted = halted ?? why }

    /// What may be written, and whether leases may be given.
    package var room: StoreRoom { isAheadOfLog ? .nothing : measured }

    /// The shell's word on its store, before each turn and after each commit. Returns requests for slices that waited, where
    /// none can be answered: they are asked again.
    package mutating func storeTakes(_ room: StoreRoom) -> [SliceRequest] {
        measured = room
        guard !self.room.admits(.sliceReserved) else { return [] }
        defer { reserves = [] }
        return reserves.map(\.request)
    }

    package func checkServing() throws(Refusal) {
        if let halted { throw Refusal(.halted, "the ledger has stopped: \(halted)") }
        guard awaited.isEmpty else {
            throw Refusal(.recovering, "the log was restored from a backup; \(awaited.sorted().joined(separator: ", ")) must tell first how far it had seen the log", retryAfterMS: 1000)
        }
    }
}

// MARK: - Writing

extension Ledger {
    /// Whether the sender may have an event of this kind under its name. Its signature is the shell's to verify.
    package func authorize(_ event: Event, from sender: NodeKeys) throws(Refusal) {
        guard event.origin == sender.name else { throw Refusal(.notSigner, "the event is signed by '\(event.origin)', the channel belongs to '\(sender.name)'") }
        guard Authority.maySubmit(sender.role, event.kind.name) else {
            throw Refusal(.notPermitted, "a key of role \(sender.role.name) cannot cause \(event.kind.name.rawValue)")
        }
    }

    /// Holds an event against the rules and folds it ahead of its commit.
    package mutating func stage(_ event: Event, at now: Instant) throws(Refusal) -> Position {
        try checkRoom(for: event.kind.name)
        if let incarnation = event.kind.namedIncarnation, let signer = state.view.member(event.origin) { try admit(incarnation, from: signer) }
        let presence = presence
        try state.check(event, time: time.reading(at: now)) { presence.isFenced($0, node: $1, at: now) }
        if event.kind.name == .timeAccepted { isTimeStaged = true }
        return try stage(own: event)
    }

    /// As above, for what the ledger states itself and has checked already.
    package mutating func stage(own event: Event) throws(Refusal) -> Position {
        try checkRoom(for: event.kind.name)
        do {
            try state.apply(event, at: state.view.position + 1)
        } catch {
            halt(error.description)
            throw Refusal(.halted, "the ledger has stopped: \(error)")
        }
        return state.view.position
    }

    /// Events are durable now: barriers open for the restrictions among them. Returns the restrictions' positions.
    package mutating func committed(_ events: some Collection<Event>, from first: Position, at now: Instant) -> [Position] {
        isAheadOfLog = false
        var restricted: [Position] = []
        for (offset, event) in events.enumerated() {
            let position = first + Position(offset)
            switch event.kind {
            case .restricted:
                restricted.append(position)
                open(Barrier(position: position, eventID: event.id, table: presence, at: now))
                presence.restricted(position, patience: state.view.settings.maxStaleness / 2, at: now)
            case .settingsChanged(let settings):
                time.settleJump(at: now, bound: presence.bound)
                presence.allow(settings.bound)
                rates?.allow(presence.bound)
                rates?.clockRatePPM = state.view.settings.clockRatePPM
            case .lifted(let lifting):
                for position in barriers.keys where lifting.eventIDs.contains(barriers[position]!.eventID) { barriers[position]!.lift(at: now) }
            case .timeAccepted(let leap, _):
                isTimeStaged = false
                time.accept(leapMS: leap, at: now)
            default: break
            }
        }
        return restricted
    }

    /// Has a barrier for a restriction that stands: the one that is open, or, where a process before this one made the
    /// restriction durable, a new one. Returns whether there is one to wait for.
    package mutating func openBarrier(_ position: Position, at now: Instant) -> Bool {
        if barriers[position] != nil { return true }
        guard let standing = state.view.restrictions[position], barriers.count < 2 * Limits.barriers else { return false }
        open(Barrier(position: position, eventID: standing.eventID, table: presence, at: now))
        return true
    }

    private mutating func open(_ barrier: Barrier) {
        barriers[barrier.position] = barrier
        waiting.append(barrier.position)
    }

    /// Nothing of what was staged may be told: the shell tries the same events again, until `committed`.
    package mutating func commitFailed() { isAheadOfLog = true }
}

// MARK: - Time

extension Ledger {
    /// Reads the wall clock, before anything is judged by it. Returns what has to be said of it.
    package mutating func observe(wall: WallTime, at now: Instant) -> LedgerTime.News? {
        time.observe(wall: wall, at: now, ratePPM: state.view.settings.clockRatePPM)
        time.settleJump(at: now, bound: presence.bound)
        return time.news()
    }

    /// What the ledger stamps its own events with.
    package func stamp(at now: Instant) -> WallTime { isTimeStaged ? time.wall(at: now) : time.reading(at: now).continued }

    /// An event of the ledger's own that lets the log carry the time, when something has expired that it would let live
    /// again in a process that knows the log alone.
    package mutating func timeToNote(at now: Instant) -> EventKind? {
        guard halted == nil, awaited.isEmpty, now - timeNotedAt >= Limits.timeNoteMS * .nanosecondsPerMillisecond else { return nil }
        timeNotedAt = now
        return state.hasExpiry(after: state.greatestTime, by: time.reading(at: now).continued) ? .timeNoted : nil
    }

    /// Takes up what acknowledgements and time have settled. Returns the barriers that ended by it.
    package mutating func stepBarriers(at now: Instant) -> [Position] {
        let stepped = waiting
        waiting = []
        var ended: [Position] = []
        for position in stepped {
            if barriers[position]?.step(presence, at: now) == true { ended.append(position) }
            if barriers[position]?.state == .waiting { waiting.append(position) }
        }
        return ended.sorted()
    }

    /// When time alone would settle another node of some barrier; nil when none waits.
    package var nextFence: Instant? { waiting.compactMap { barriers[$0]?.nextFence }.min() }

    /// Forgets what is of no use any more. Returns the restrictions whose own time has passed, to be lifted.
    package mutating func housekeep(at now: Instant) -> [Digest] {
        presence.forget(before: now - 60 * .nanosecondsPerSecond)
        rates?.housekeep(at: now)
        if let imbalance = rates?.imbalance { halt("a rate's parts do not add up: \(imbalance)") }
        if barriers.count > Limits.barriers {
            let old = barriers.values.filter { $0.state != .waiting }.map(\.position).sorted().dropLast(Limits.barriers / 2)
            for position in old { barriers[position] = nil }
        }
        guard halted == nil, awaited.isEmpty, room.admits(.lifted) else { return [] }
        return Array(state.expired(at: time.reading(at: now).earliest).prefix(Limits.liftedAtOnce))
    }
}
