internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire

/// The ledger's shell: sockets, store, tree, keys and threads. What is made of a message, and in which order,
/// `LedgerTurn` says: this decodes and verifies what comes in, makes durable what is to be, and does the effects. It
/// belongs to one thread.
final class Sequencer {
    let identity: Identity
    let signer: EventSigner
    let checkpointSigner: CheckpointSigner
    let logger: Logger
    let store: any LedgerStore
    let membership = Membership()
    let snapshots: SnapshotBuilder
    let stateSnapshots: StateSnapshots
    let archive: DecisionArchive
    let decisionsKept: KeptInStore
    let logArchive: LogArchive
    let logKept: KeptInStore
    /// When what is old was looked for last.
    var archivedAt: Instant = .min / 2
    let search: DecisionSearch
    /// Questions about decisions whose grants are not all looked at yet.
    var lookups = GrantLookups()
    let timeFile: TimeFile
    let network: ServerThread
    let requests: ServerSocket
    let log: ServerSocket
    let urgent: ServerSocket
    let joins: JoinDoor
    let domain: String
    let endpoints: [(ServerSocket, String)]

    var turn: LedgerTurn<RoutingID>
    let tree: LogTree
    var shares = TurnShares<Work>()
    var verifier = EventVerifier()
    var counters: [String: UInt64] = [:]
    let startedAt = Clocks.now()
    /// What each node has recorded, as its last echo said.
    var recorded: [String: (incarnation: Incarnation, sequence: UInt64, at: Instant)] = [:]
    /// Members that were told that too much of theirs waits, and when last.
    var overShare: [String: Instant] = [:]
    var diskReport = DiskReport()
    /// How fast the log and the decisions grow, as it was measured last.
    var measuredGrowth: DiskGrowth?
    /// More waits than one turn took.
    var isBehind = false
    private var housekeptAt: Instant = 0
    private let folder: String

    private let poller = Poller()
    private let wake: WakeSignal
    /// What is told comes from here.
    var ledger: Ledger { _read { yield turn.ledger } }

    init(_ options: LedgerOptions, wake: WakeSignal, logger: Logger) throws {
        identity = options.identity
        folder = options.dataFolder
        self.logger = logger
        self.wake = wake
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        checkpointSigner = try CheckpointSigner(name: identity.member.mesh, key: identity.signing)
        store = try StoreFolder.open(
            options.dataFolder,
            StoreOptions(
                maximumDecisionBytes: options.decisionBytes, archiveFolder: options.archiveFolder, reservesRoom: true))
        try PrivateFile.requireOwn(folder: options.dataFolder)
        snapshots = SnapshotBuilder(key: identity.signing, wake: wake)
        archive = DecisionArchive(store, wake: wake, logger: logger)
        decisionsKept = KeptInStore(days: options.decisionsKeptDays, bytes: options.decisionsKeptBytes)
        logArchive = LogArchive(store, logger: logger)
        logKept = KeptInStore(days: options.logKeptDays, bytes: options.logKeptBytes)
        search = DecisionSearch(store, wake: wake)
        timeFile = TimeFile(options.dataFolder)
        let instance = Hex.encode(SecureRandom.bytes(8))
        domain = "mesh-\(instance)"
        let security = SocketSecurity.server(keys: identity.channel, domain: domain)
        network = try ServerThread(name: "members", receiver: wake)
        requests = try network.open(.router, security: security)
        log = try network.open(.publisher, security: security)
        urgent = try network.open(.publisher, security: security)
        joins = try JoinDoor(identity, domain: "join-\(instance)", wake: wake)

        stateSnapshots = StateSnapshots(
            options.dataFolder, identity, store, events: options.snapshotEvents, logger: logger)
        let start = try LedgerStart(store, stateSnapshots, logger: logger)
        tree = start.tree
        let state = start.state
        turn = LedgerTurn(Ledger(state, keptMS: options.grantsKeptMS), calendar: WindowCalendar.bounds)
        try options.check(state.view)

        _ = membership.update(state.view.members.values)
        let membership = membership
        try Authenticator.shared.register(domain: domain, limitsKeys: true) { _, _, key in membership.name(channel: key)
        }
        endpoints = [
            (requests, try requests.bind(options.requests)), (log, try log.bind(options.log)),
            (urgent, try urgent.bind(options.urgent)),
        ]
        try joins.open(options.join)
        for (socket, endpoint) in endpoints {
            try SelfTest.refusesStrangers(endpoint: endpoint, kind: socket.kind, serverKey: identity.channel.publicKey)
        }

        // In this order: leases that an older process could still give after this moment would not be counted.
        let epoch = try openEpoch()
        let marker = try RestoreMarker.load(options.dataFolder)
        turn.start(
            epoch: epoch, restored: marker != nil, without: marker?.without ?? [], time: startTime(), at: Clocks.now())
        measureRoom(at: Clocks.now())
        if marker != nil {
            logger.warning(
                "the log was restored; waiting for its nodes' word", metadata: ["nodes": "\(ledger.awaited.sorted())"])
        }
        // Without room for its first event, that is said as soon as there is; nothing is served before.
        runTurn()
        if let halted = ledger.halted { throw LedgerError(.halted, "the log cannot be written: \(halted)") }
        noteTime()
        // The first enforcers to start find it made.
        _ = snapshots.latest(
            head: ledger.state.view.position, view: ledger.state.view, frontier: tree.frontier,
            epoch: ledger.state.epoch)
        logger.info(
            "serving", metadata: ["position": "\(ledger.state.view.position)", "epoch": "\(ledger.state.epoch)"])
    }

    /// From here on no older process can append.
    private func openEpoch() throws -> UInt64 {
        let epoch = max(try store.head().epoch, ledger.state.epoch) + 1
        guard case .appended = try store.openEpoch(epoch, ifHead: store.head()) else {
            throw LedgerError(.inUse, "another process opened a newer epoch of this log; stop it first")
        }
        return epoch
    }

    func run(until stopping: () -> Bool) {
        while !stopping() {
            do {
                let ready = try poller.wait([], wake: wake, timeoutMilliseconds: pollMilliseconds())
                if let failure = network.failure { throw failure }
                if ready.woken { wake.drain() }
                takeTurn()
                // Under load there is always something ready: what time brings about must not wait for a lull.
                if ready.isEmpty || Clocks.now() - housekeptAt > 200 * .nanosecondsPerMillisecond { idle() }
            } catch {
                logger.critical("the sockets failed", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    /// A publisher's linger is 0: whoever misses the last batch fetches it from the next process.
    func close() {
        archive.finish()
        logArchive.finish()
        search.finish()
        keepTime()
        perform(turn.close())
        while flushEvidence() {}
        keepState(at: Clocks.now(), isEnd: true)
        Authenticator.shared.unregister(domain: domain)
        joins.close()
        network.close()
        do {
            try store.close()
        } catch {
            logger.error("the log was not closed", metadata: ["error": "\(error)"])
        }
    }

    private func pollMilliseconds() -> Int {
        if isBehind || !lookups.isEmpty { return 0 }
        let now = Clocks.now()
        var next = now + 250 * .nanosecondsPerMillisecond
        if let due = turn.dueAt(now) { next = min(next, due) }
        if let due = shares.nextDue(at: now) { next = min(next, due) }
        return Int(max(0, next - now) / .nanosecondsPerMillisecond) + (next > now ? 1 : 0)
    }

    private func takeTurn() {
        noteTime()
        measureRoom(at: Clocks.now())
        receive()
        handle()
        goOnLooking()
        answerSearched()
    }

    private func idle() {
        flushEvidence()
        let now = Clocks.now()
        guard now - housekeptAt > 200 * .nanosecondsPerMillisecond else { return }
        housekeptAt = now
        housekeep(at: now)
    }

    /// What time alone brings about.
    private func housekeep(at now: Instant) {
        keepTime()
        keepState(at: now)
        moveToArchive(at: now)
        noteNetwork()
        shares.housekeep(at: now)
        overShare = overShare.filter { now - $0.value < 60 * .nanosecondsPerSecond }
        turn.take(.housekeep)
        runTurn()
    }

    func count(_ name: String) { counters[name, default: 0] += 1 }

    /// Stops serving: two logs contradict each other. Nodes' leases run out by themselves.
    func halt(_ why: String) { turn.halt(why) }

    /// From here on the restored log is a log like any other.
    func endRestore() {
        do {
            try RestoreMarker.remove(folder)
            logger.info("the restored log is served", metadata: ["position": "\(ledger.state.view.position)"])
        } catch {
            logger.error("the mark of the restore was not removed", metadata: ["error": "\(error)"])
        }
    }

    /// Returns the bytes sent. What is too long for one message is an error under its id: its sender hears of it.
    @discardableResult
    func send(_ reply: Reply, to route: RoutingID) -> Int {
        let bytes = encode(reply)
        switch requests.send(bytes, to: route) {
        case .sent: return bytes.count
        case .tooLarge:
            count("replies_too_large")
            logger.error("an answer is too long for one message", metadata: ["bytes": "\(bytes.count)"])
            return send(
                Reply(id: reply.id, .refused(Refusal(.unavailable, "the answer is too long for one message").proto)),
                to: route)
        case .full, .unroutable: count("replies_dropped")
        }
        return 0
    }
}
