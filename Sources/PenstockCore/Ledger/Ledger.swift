/// The ledger's side of the protocol, as a value: what it makes of requests, of time, and of what its store did.
/// The shell owns sockets, store, tree and keys; it hands in what has come, and does what it is told.
///
/// It folds the log twice. `state` is the fold of what is durable, and all that is told comes from it. `next` has the
/// staged events as well, and each new event is held against it. A commit that failed is undone: `next` is `state`
/// again, whose storage it shares until the next event is staged. Two folds cost each event its fold twice, whatever
/// the length of the log; a copy at each commit would cost the whole state.
package struct Ledger: Sendable {
    /// The fold of the durable log.
    package private(set) var state: LedgerState
    /// `state` and the staged events behind it.
    package private(set) var next: LedgerState
    /// What `next` has and `state` has not, oldest first.
    package private(set) var staged: [Event] = []
    package internal(set) var presence = PresenceTable()
    package internal(set) var barriers: [Position: Barrier] = [:]
    /// Positions of the barriers that had not ended at the last step. Many that have are kept, and every turn steps.
    var waiting: [Position] = []
    /// Why nothing is served until an operator has decided; nil in health.
    package private(set) var halted: String?
    /// Enforcers that have not told yet how far they had seen the log, of one that was restored from a backup.
    package internal(set) var awaited: Set<String> = []
    /// What this process has opened at the store; its first event says so in the log.
    private(set) var epoch: UInt64 = 0
    var disk = DiskKnowledge()
    /// Requests for slices that wait for something to come back, oldest first.
    var reserves: [WaitingReserve] = []
    /// What the book's `returns` were when the waiting ones were last looked through.
    var returnsSeen: UInt64 = 0
    /// Nil before this process serves.
    package internal(set) var rates: RateTable?
    /// The log's end when it began to: what comes after is its own.
    var startedAt: Position = 0
    /// As of the last observation of the wall clock.
    package internal(set) var time = LedgerTime(wall: 0, at: 0)
    /// An operator's acceptance of the wall clock is staged, and not durable yet.
    var isTimeStaged = false
    /// When it was last looked whether the log should carry the time.
    var timeNotedAt: Instant = .min / 2
    /// How long grants and join tokens are kept after their end.
    let keptMS: Int64
    /// Grants up to here were looked at last for what may be forgotten, and for what has expired.
    var (forgetScan, expiryScan): (Position, Position) = (0, 0)
    /// When slices of budgets that are frozen or overcommitted were called back last.
    var pressedRecalledAt: Instant = .min / 2

    package init(_ state: LedgerState, keptMS: Int64 = Limits.keptUsuallyMS) {
        (self.state, next) = (state, state)
        self.keptMS = max(keptMS, Limits.keptMS)
    }

    /// Begins to serve: every lease that a process before this one could have given is counted.
    ///
    /// - Parameters:
    ///   - epoch: what this process has opened at the store, so that no older one can append.
    ///   - restored: the log comes from a backup. Nothing is served or written until each enforcer has told how far
    ///     it had seen the log: what only a lost part of it said, such as a revoke or a slice, must not be forgotten.
    ///   - without: enforcers that an operator has decided not to wait for.
    ///   - time: what `greatestTime` of the state, and what lies beside the log, let it be.
    package mutating func start(
        epoch: UInt64, restored: Bool, without: [String] = [], time: LedgerTime = LedgerTime(wall: 0, at: 0),
        at now: Instant
    ) {
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
        awaited.isEmpty && halted == nil && next.epoch < epoch ? .epochOpened(epoch, reason: "start") : nil
    }

    /// Whether the log of record, just read, is what this process has folded, in its own epoch.
    func isCurrent(_ head: Position, _ readEpoch: UInt64) -> Bool { head == state.view.position && readEpoch == epoch }

    package mutating func halt(_ why: String) { halted = halted ?? why }
}

// MARK: - Writing

extension Ledger {
    /// Whether the sender may have an event of this kind under its name. Its signature is the shell's to verify.
    package func authorize(_ event: Event, from sender: NodeKeys) throws(Refusal) {
        guard event.origin == sender.name else {
            throw Refusal(
                .notSigner, "the event is signed by '\(event.origin)', the channel belongs to '\(sender.name)'")
        }
        guard Authority.maySubmit(sender.role, event.kind.name) else {
            throw Refusal(.notPermitted, "a key of role \(sender.role.name) cannot cause \(event.kind.name.rawValue)")
        }
    }

    /// Holds an event against the rules and folds it ahead of its commit.
    package mutating func stage(_ event: Event, at now: Instant) throws(Refusal) -> Position {
        try checkRoom(for: event.kind.name)
        if let incarnation = event.kind.namedIncarnation, let signer = next.view.member(event.origin) {
            try admit(incarnation, from: signer)
        }
        let presence = presence
        try next.check(event, time: time.reading(at: now)) { presence.isFenced($0, node: $1, at: now) }
        if event.kind.name == .timeAccepted { isTimeStaged = true }
        return try stage(own: event)
    }

    /// As above, for what the ledger states itself and has checked already.
    package mutating func stage(own event: Event) throws(Refusal) -> Position {
        try checkRoom(for: event.kind.name)
        do {
            try next.apply(event, at: next.view.position + 1)
        } catch {
            halt(error.description)
            throw Refusal(.halted, "the ledger has stopped: \(error)")
        }
        staged.append(event)
        return next.view.position
    }

    /// What was staged is durable now: barriers open for the restrictions among it. Returns the restrictions'
    /// positions.
    package mutating func committed(at now: Instant) -> [Position] {
        let (events, first) = (staged, state.view.position + 1)
        staged = []
        if !events.isEmpty { disk.committed() }
        do {
            for event in events { try state.apply(event, at: state.view.position + 1) }
        } catch {
            halt("an event that was folded once cannot be folded again: \(error)")
        }
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
                for position in barriers.keys where lifting.eventIDs.contains(barriers[position]!.eventID) {
                    barriers[position]!.lift(at: now)
                }
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
        guard let standing = state.view.restrictions[position], barriers.count < 2 * Limits.barriers else {
            return false
        }
        open(Barrier(position: position, eventID: standing.eventID, table: presence, at: now))
        return true
    }

    private mutating func open(_ barrier: Barrier) {
        barriers[barrier.position] = barrier
        waiting.append(barrier.position)
    }

    /// What was staged is not in the log. Returns requests for slices that waited, where none can be answered.
    ///
    /// - Parameter fits: what the disk was found to take when it was tried since.
    package mutating func commitFailed(fits: StoreRoom, at now: Instant) -> [SliceRequest] {
        disk.failed(to: staged, fits: fits, at: now)
        (next, staged) = (state, [])
        isTimeStaged = false
        // What came back may have been taken back with it: all that wait are looked through again.
        returnsSeen = .max
        return reservesOver()
    }
}
