internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockTransport
internal import PenstockWire

/// Orders events. Everything here belongs to one thread, which takes turns: receive what has come, check it, make it
/// durable in one commit, then answer and publish. Nothing is answered or published before it is durable.
final class Sequencer {
    let identity: Identity
    let signer: EventSigner
    let checkpointSigner: CheckpointSigner
    let logger: Logger
    let store: SQLiteStore
    let membership = Membership()
    let snapshots: SnapshotBuilder
    let archive: DecisionArchive
    let search: DecisionSearch
    let timeFile: TimeFile
    let network: ServerThread
    let requests: ServerSocket
    let log: ServerSocket
    let urgent: ServerSocket
    let joins: JoinDoor
    let domain: String
    let endpoints: [(ServerSocket, String)]

    var ledger: Ledger
    var tree = MerkleTree()
    var shares = TurnShares<Work>()
    var waiters: [BarrierWaiter] = []
    var verifier = EventVerifier()
    var counters: [String: UInt64] = [:]
    /// Restrictions whose receipts are not in the store as they are.
    var evidence: Set<Position> = []
    /// Requests for slices that wait at the ledger; `ledger` bounds them.
    var parked: [Incarnation: Incoming] = [:]
    let startedAt = Clocks.now()
    /// What each node has recorded, as its last echo said.
    var recorded: [String: (incarnation: Incarnation, sequence: UInt64, at: Instant)] = [:]
    /// Where each incarnation was heard last, for what is pushed to it.
    var routes: [Incarnation: RoutingID] = [:]
    /// Cosignatures that are not in the store yet.
    var cosignatures: [CosignatureKey: String] = [:]
    var checkpoints: [Position: Checkpoint] = [:]
    var cosigned: [Position: Set<String>] = [:]
    /// Log publications that wait for the acknowledgements of a restriction among them.
    var held: HeldPublications?
    /// Members that were told that too much of theirs waits, and when last.
    var overShare: [String: Instant] = [:]
    /// When connections are cut, since a member was expelled.
    var cutDueAt: Instant?
    /// Folded, and not durable: a commit failed.
    var uncommitted: Uncommitted?
    /// What was said of the disk last, and when; and when the reserve was looked after.
    var saidOfDisk: [String] = []
    var roomSaid = StoreRoom.everything
    var saidAt: Instant = .min / 2
    var restockedAt: Instant = .min / 2
    var isShortOfRoom = false
    /// More waits than one turn took.
    var isBehind = false
    private var housekeptAt: Instant = 0
    private var isHaltNoted = false
    /// The data folder, while the log in it is one that was restored and is not served yet.
    private var restoredFolder: String?

    private let poller = Poller()
    private let wake: WakeSignal
    static let cutDelay = 50 * Nanoseconds.nanosecondsPerMillisecond

    struct BarrierWaiter {
        var position: Position
        var incoming: Incoming
        var deadline: Instant
    }

    struct HeldPublications {
        var until: Instant
        var events: [SignedEvent]
        var first: Position
        var restricted: [Position]
    }

    struct CosignatureKey: Hashable {
        var size: UInt64
        var node: String
    }

    struct Uncommitted {
        var events: [SignedEvent]
        var first: Position
        var retryAt: Instant
    }

    struct Checkpoint {
        var size: Position
        var note: SignedNote
    }

    init(_ options: LedgerOptions, wake: WakeSignal, logger: Logger) throws {
        identity = options.identity
        self.logger = logger
        self.wake = wake
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        checkpointSigner = try CheckpointSigner(name: identity.member.mesh, key: identity.signing)
        store = try SQLiteStore(directory: options.dataFolder, options: .init(maximumDecisionBytes: options.decisionBytes, reservesRoom: true))
        try PrivateFile.requireOwn(folder: options.dataFolder)
        snapshots = SnapshotBuilder(key: identity.signing, wake: wake)
        archive = DecisionArchive(store, wake: wake)
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

        let state: LedgerState
        (state, tree) = try Self.fold(store)
        ledger = Ledger(state)
        guard state.view.position > 0 else { throw LedgerError("\(options.dataFolder) holds no log; make a mesh with 'penstock init'") }
        guard state.view.mesh == identity.member.mesh else {
            throw LedgerError("\(options.dataFolder) holds the log of mesh '\(state.view.mesh)', this identity belongs to '\(identity.member.mesh)'")
        }
        guard state.view.member(identity.name) == identity.keys else {
            throw LedgerError("the log knows ledger '\(identity.name)' under other keys; restore \(identity.folder)")
        }

        _ = membership.update(state.view.members.values)
        let membership = membership
        try Authenticator.shared.register(domain: domain, limitsKeys: true) { _, _, key in membership.name(channel: key) }
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
        ledger.start(epoch: epoch, restored: marker != nil, without: marker?.without ?? [], time: startTime(), at: Clocks.now())
        restoredFolder = marker == nil ? nil : options.dataFolder
        measureRoom(at: Clocks.now())
        if marker != nil { logger.warning("the log was restored; waiting for its nodes' word", metadata: ["nodes": "\(ledger.awaited.sorted())"]) }
        var batch = Batch()
        // Without room for it, it is said as soon as there is; nothing is served before.
        if ledger.room > .nothing { try sayEpoch(&batch) }
        guard commit(&batch) else { throw LedgerError("the log cannot be written: \(ledger.halted ?? "see the messages before")") }
        noteTime()
        // The first enforcers to start find it made.
        _ = snapshots.latest(head: ledger.state.view.position, view: ledger.state.view, frontier: tree.frontier, epoch: ledger.state.epoch)
        logger.info("serving", metadata: ["position": "\(ledger.state.view.position)", "epoch": "\(ledger.state.epoch)"])
    }

    /// Replays the log. Signatures were verified when the events came; `log verify` does it again.
    static func fold(_ store: SQLiteStore) throws -> (LedgerState, MerkleTree) {
        var state = LedgerState()
        var tree = MerkleTree()
        let head = try store.head().position
        while state.view.position < head {
            let page = try store.read(from: state.view.position + 1, maxCount: 4096, maxBytes: 16 << 20)
            guard !page.isEmpty else { throw LedgerError("log position \(state.view.position + 1) is missing; restore the log from a backup") }
            for stored in page {
                do {
                    let event = try SignedEvent(entry: stored.bytes)
                    guard event.event.id == stored.id else { throw LedgerError("its id is not the hash of its bytes") }
                    try state.apply(event.event, at: stored.position)
                } catch {
                    throw LedgerError("the log is corrupt at position \(stored.position): \(error); restore it from a backup")
                }
                tree.append(MerkleTree.leafHash(stored.bytes))
            }
        }
        return (state, tree)
    }

    /// From here on no older process can append.
    private func openEpoch() throws -> UInt64 {
        let epoch = max(try store.head().epoch, ledger.state.epoch) + 1
        guard case .appended = try store.openEpoch(epoch, ifHead: store.head()) else {
            throw LedgerError("another process opened a newer epoch of this log; stop it first")
        }
        return epoch
    }

    func run(until stopping: () -> Bool) {
        while !stopping() {
            do {
                let ready = try poller.wait([], wake: wake, timeoutMilliseconds: isBehind ? 0 : pollMilliseconds())
                if let failure = network.failure { throw failure }
                if ready.woken { wake.drain() }
                turn()
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
        search.finish()
        keepTime()
        for waiter in waiters { answerPartial(waiter, at: Clocks.now()) }
        while flushEvidence() {}
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
        let now = Clocks.now()
        var next = now + 250 * .nanosecondsPerMillisecond
        if let fence = ledger.nextFence { next = min(next, fence) }
        for waiter in waiters { next = min(next, waiter.deadline) }
        if let held { next = min(next, held.until) }
        if let cutDueAt { next = min(next, cutDueAt) }
        if let due = shares.nextDue(at: now) { next = min(next, due) }
        // Whoever did not hear a recall is asked again.
        if let deadline = ledger.nextDeadline { next = min(next, deadline, now + 100 * .nanosecondsPerMillisecond) }
        return Int(max(0, next - now) / .nanosecondsPerMillisecond) + (next > now ? 1 : 0)
    }

    private func turn() {
        noteTime()
        commitAgain(at: Clocks.now())
        measureRoom(at: Clocks.now())
        let hasRead = receive()
        if hasRead || ledger.nextDeadline != nil || shares.nextDue(at: Clocks.now()) != nil { handle() }
        stepBarriers(at: Clocks.now())
        takeJoins()
        answerArchived()
        answerSearched()
        noteHalt()
        noteRecovery()
        publishHeld(at: Clocks.now())
        cutConnections(at: Clocks.now())
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
        noteNetwork()
        routes = routes.filter { ledger.presence.presences[$0.key] != nil }
        checkpoints = checkpoints.filter { ledger.barriers[$0.key] != nil }
        cosigned = cosigned.filter { ledger.barriers[$0.key] != nil }
        evidence = evidence.filter { ledger.barriers[$0] != nil }
        shares.housekeep(at: now)
        overShare = overShare.filter { now - $0.value < 60 * .nanosecondsPerSecond }
        recall(at: now)
        let expired = ledger.housekeep(at: now)
        var batch = Batch()
        if !expired.isEmpty { _ = try? stage(.lifted(Lifting(eventIDs: expired, reason: "expired", expired: true)), into: &batch) }
        if let noted = ledger.timeToNote(at: now) { _ = try? stage(noted, into: &batch) }
        if !batch.events.isEmpty { _ = commit(&batch) }
    }

    private func noteNetwork() {
        let counts = requests.counts
        counters["malformed_frames"] = counts.malformed + log.counts.malformed + urgent.counts.malformed
        counters["requests_overflowed"] = counts.overflowed
        counters["connections_cut"] = counts.cut + log.counts.cut + urgent.counts.cut + joins.cut
        counters["replies_unsent"] = counts.unsent
    }

    func count(_ name: String) { counters[name, default: 0] += 1 }

    /// Stops serving: two logs contradict each other, or one cannot be written. Nodes' leases run out by themselves.
    func halt(_ why: String) {
        ledger.halt(why)
        noteHalt()
    }

    private func noteHalt() {
        guard let why = ledger.halted, !isHaltNoted else { return }
        isHaltNoted = true
        logger.critical("halted", metadata: ["why": "\(why)"])
    }

    /// Every node has told, and the epoch that says so is durable: from here on it is a log like any other.
    private func noteRecovery() {
        guard let folder = restoredFolder, ledger.awaited.isEmpty, ledger.halted == nil, ledger.epochToOpen == nil else { return }
        do {
            try RestoreMarker.remove(folder)
            restoredFolder = nil
            logger.info("the restored log is served", metadata: ["position": "\(ledger.state.view.position)"])
        } catch {
            logger.error("the mark of the restore was not removed", metadata: ["error": "\(error)"])
        }
    }

    /// Returns the bytes sent. What is too long for one message is an error under its id: whoever asked must hear of it.
    @discardableResult
    func send(_ reply: Reply, to route: RoutingID) -> Int {
        let bytes = encode(reply)
        switch requests.send(bytes, to: route) {
        case .sent: return bytes.count
        case .tooLarge:
            count("replies_too_large")
            logger.error("an answer is too long for one message", metadata: ["bytes": "\(bytes.count)"])
            return send(Reply(id: reply.id, .refused(Refusal(.unavailable, "the answer is too long for one message").proto)), to: route)
        case .full, .unroutable: count("replies_dropped")
        }
        return 0
    }
}
