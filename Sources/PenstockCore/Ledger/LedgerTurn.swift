/// The ledger's turns, as a value: what is made durable, and what is published and answered after that, in which order.
///
/// A shell decodes and verifies messages and gives them to `take`. Then it asks `next`, does the commit, tells
/// `finish` what became of it, and does the effects that it gets, one after the other, until `next` has nothing more.
/// When `dueAt` is reached, it asks `step`. It decides nothing itself: production and simulation are two such shells.
///
/// Laws:
/// - nothing of an event is published, and no submission answered, before the commit that has it is durable;
/// - a restriction goes out on the urgent lane before anything else of its commit is done;
/// - an echo is answered from a read of the log that began after the echo was taken, and from the durable state;
/// - each request is answered once: at once by a refusal, with its commit, or when what it waits for has come.
package struct LedgerTurn<Route: Hashable & Sendable>: Sendable {
    package typealias Effect = LedgerEffect<Route>
    package typealias Asker = Caller<Route>

    package internal(set) var ledger: Ledger
    package var evidence = EvidenceBook()
    /// Bounds of a calendar window, which need a time zone's rules.
    let calendar: Ledger.BudgetCalendar

    /// Inputs that no step has taken up, oldest first.
    var inbox: [LedgerInput<Route>] = []
    var batch = Batch()
    var echoes: [WaitingEcho] = []
    /// Of the events that this turn has staged, and those that it has made durable.
    var positions: [Digest: Position] = [:]
    /// What is done before the commit: refusals, which tell nothing of it.
    var effects: [Effect] = []

    /// Requests for slices that wait, by their id. The ledger bounds them.
    var parked: [Incarnation: Asker] = [:]
    /// Where each incarnation was heard last, for what is pushed to it.
    var routes: [Incarnation: Route] = [:]
    var waiters: [BarrierWaiter] = []
    var held: HeldPublications?
    var cutDueAt: Instant?
    /// The log comes from a backup, and is not served yet.
    var isRestored = false
    var isHaltReported = false
    /// It is to be looked for what may be forgotten, once nothing else is to be done.
    var isForgettingDue = false

    package init(_ ledger: Ledger, calendar: @escaping Ledger.BudgetCalendar) {
        self.ledger = ledger
        self.calendar = calendar
    }

    /// Begins to serve; see `Ledger.start`.
    package mutating func start(
        epoch: UInt64, restored: Bool, without: [String] = [], time: LedgerTime, at now: Instant
    ) {
        isRestored = restored
        ledger.start(epoch: epoch, restored: restored, without: without, time: time, at: now)
    }

    package mutating func take(_ input: LedgerInput<Route>) { inbox.append(input) }

    /// Takes up what fits one commit. Returns what to do at once, and what to commit then; nil once there is nothing.
    /// Each commit is to be followed by `finish`.
    package mutating func next(_ author: some EventAuthor, at now: Instant) -> (
        effects: [Effect], commit: LedgerCommit
    )? {
        var count = 0
        while count < inbox.count, fits(inbox[count]) {
            openEpoch(author, at: now)
            stage(inbox[count], author, at: now)
            count += 1
        }
        inbox.removeFirst(count)
        if inbox.isEmpty { stageOwn(author, at: now) }
        guard
            !effects.isEmpty || !batch.events.isEmpty || !batch.answers.isEmpty || !batch.joiners.isEmpty
                || !echoes.isEmpty
        else {
            positions = [:]
            return nil
        }
        defer { effects = [] }
        return (
            effects,
            LedgerCommit(
                events: batch.events, first: ledger.state.view.position + 1, epoch: ledger.epoch,
                readsHead: !echoes.isEmpty)
        )
    }

    /// What follows a commit, in order.
    package mutating func finish(_ outcome: LedgerCommit.Outcome, head: LedgerCommit.Head, at now: Instant) -> [Effect]
    {
        let batch = batch
        self.batch = Batch()
        switch outcome {
        case .durable(let room):
            publish(batch.events, at: now)
            refuseParked(ledger.storeTakes(room, at: now))
            answer(batch, at: now)
        case .full(let why, let fits):
            undo(batch, Refusal(.full, "the log cannot be written: \(why)", retryAfterMS: 1000), fits: fits, at: now)
        case .unknown(let why):
            ledger.halt(why)
            for (asker, _) in batch.answers { refuse(asker, Self.stopped(why)) }
            for joiner in batch.joiners { effects.append(.answerJoin(joiner.route, .failure(Self.stopped(why)))) }
        }
        answerEchoes(head, at: now)
        recall(at: now)
        defer { effects = [] }
        passTime(at: now)
        return effects
    }

    static func stopped(_ why: String) -> Refusal { Refusal(.halted, "the ledger has stopped: \(why)") }

    /// What acknowledgements and time bring about.
    package mutating func step(at now: Instant) -> [Effect] {
        passTime(at: now)
        defer { effects = [] }
        return effects
    }

    package var isRequestParked: Bool { !parked.isEmpty }

    /// When time alone brings something about.
    package func dueAt(_ now: Instant) -> Instant? {
        // Whoever did not hear a recall is asked again. A ledger that has stopped serves nobody who waits.
        let recall =
            ledger.halted == nil ? ledger.nextDeadline.map { min($0, now + 100 * .nanosecondsPerMillisecond) } : nil
        return ([ledger.nextFence, held?.until, cutDueAt, recall] + waiters.map(\.deadline)).compactMap { $0 }.min()
    }

    mutating func refuse(_ asker: Asker, _ refusal: Refusal) { effects.append(.answer(asker, .refused(refusal))) }
}
