internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// The enforcer's side of the mesh: follows the log, renews the lease, fetches slices, reports spend.
/// Everything here belongs to one thread; what decisions read lies behind the enforcer's lock.
final class Link {
    let enforcer: Enforcer
    let identity: Identity
    let logger: Logger
    let signer: EventSigner
    let cosigner: Cosigner
    let ledgerVerifier: Verifier
    let ledgerKey: NoteKey
    let dealer: Socket
    let log: Socket
    let urgent: Socket
    let predecessors: Predecessors

    var seen: Seen
    var phase = Phase.checkingPrefix
    var load: SnapshotLoad?
    /// Mirrors of the view's position and the tree over it.
    var applied: Position = 0
    var frontier = MerkleFrontier()
    var roots = RecentRoots()
    var verifier = EventVerifier()
    var verified = RecentDigests()
    var outstanding: [UInt64: Outstanding] = [:]
    var nextID: UInt64 = 1
    /// The ledger's head as the last echo told it, and since when the view is behind it.
    var target: Position = 0
    var behindSince: Instant = 0
    var timers = Timers()
    var revokedScan: Int?
    var reportScan = 0
    var awaitingCheckpoint: [Position: Instant] = [:]
    /// Checkpoints to cosign, and since when.
    var awaitingCosign: [(note: String, since: Instant)] = []
    var predecessorsClosed = false
    var releasedThrough: UInt64 = 0
    /// More decisions wait to be shipped than went into the last batch.
    var shipsOn = false
    /// Where the next batch ends at the latest: the ledger has one from there that ends so, whose answer was lost.
    var shipEnd = UInt64.max

    private let poller = Poller()

    enum Phase: Equatable {
        /// Asking whether the ledger's log extends the one this node folded last.
        case checkingPrefix
        case loading
        case live
        case halted
    }

    struct Timers {
        var echo: Instant = 0
        var report: Instant = 0
        var ship: Instant = 0
        var save: Instant = 0
        var start: Instant = 0
    }

    /// A request that an answer is awaited for.
    struct Outstanding {
        var purpose: Purpose
        var bytes: [UInt8]
        var sentAt: Instant
        /// Sent again with the same bytes when nothing comes: every one of these is idempotent.
        var retries: Bool
    }

    enum Purpose {
        case prefix
        case echo
        case ack
        case snapshot
        case fetch
        case reserve(account: Int32, need: Int64)
        case report
        case shipment(first: UInt64, count: UInt32, digest: Digest, incarnation: Incarnation)
        case shipped(through: UInt64)
        case cosign
        case checkpoint(Position)
        case openSlices
        case closing
    }

    init(_ enforcer: Enforcer) throws {
        self.enforcer = enforcer
        identity = enforcer.options.identity
        logger = enforcer.logger
        seen = try Seen.load(enforcer.options.dataFolder)
        predecessors = try Predecessors(enforcer.journal)
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        cosigner = try Cosigner(name: identity.name, key: identity.signing)
        ledgerVerifier = try identity.member.ledger.verifier()
        guard let key = Hex.decode(identity.member.ledger.signingKey).flatMap({ PublicKey($0) }) else { throw EnforcerError("the ledger's signing key in \(identity.folder)/member.json is damaged") }
        ledgerKey = try NoteKey(name: identity.member.mesh, kind: .log, publicKey: key)
        let security = SocketSecurity.client(keys: identity.channel, serverKey: try identity.member.ledger.channelKeyBytes())
        dealer = try Socket(.dealer, security: security)
        log = try Socket(.subscriber, security: security)
        urgent = try Socket(.subscriber, security: security)
        try urgent.subscribeAll()
        try log.subscribeAll()
        try urgent.connect(identity.member.ledger.urgent)
        try log.connect(identity.member.ledger.log)
        try dealer.connect(identity.member.ledger.requests)
    }

    func run() {
        while !enforcer.stopping.load(ordering: .acquiring) {
            do {
                try turn(timeout: pollMilliseconds())
            } catch {
                halt("the sockets failed: \(error)")
                return
            }
        }
        finish()
        for socket in [dealer, log, urgent] { socket.close() }
    }

    private func turn(timeout: Int) throws {
        let ready = try poller.wait([urgent, dealer, log], wake: enforcer.wake, timeoutMilliseconds: timeout)
        if ready.woken {
            enforcer.wake.drain()
            enforcer.core.withLock { $0.isSignalled = false }
        }
        takeUrgent()
        takeReplies()
        takeLog()
        if phase != .halted { tick(Clocks.now()) }
        enforcer.waiters.resumeAll()
    }

    private func pollMilliseconds() -> Int {
        guard phase == .live else { return 20 }
        return target > applied || revokedScan != nil ? 2 : 25
    }

    /// Stops deciding for good: an operator has to look.
    func halt(_ why: String) {
        guard phase != .halted else { return }
        phase = .halted
        enforcer.core.withLock { $0.enforcement.halt(why) }
        logger.critical("halted", metadata: ["why": "\(why)"])
    }

    // MARK: Sending

    func request(_ purpose: Purpose, retries: Bool = false, _ kind: Request.OneOf_Kind) {
        let id = nextID
        nextID += 1
        let bytes = encode(Request(id: id, kind))
        outstanding[id] = Outstanding(purpose: purpose, bytes: bytes, sentAt: Clocks.now(), retries: retries)
        _ = dealer.send(bytes)
    }

    func submit(_ kind: EventKind, _ purpose: Purpose) {
        let event = signer.sign(kind, at: Clocks.wall())
        request(purpose, retries: true, .submit(.with { $0.event = Data(event.entry) }))
    }

    /// Sends again what got no answer, and forgets what is not worth it.
    func resend(_ now: Instant) {
        for (id, waiting) in outstanding where now - waiting.sentAt > .nanosecondsPerSecond {
            if waiting.retries {
                outstanding[id]!.sentAt = now
                _ = dealer.send(waiting.bytes)
            } else {
                outstanding[id] = nil
            }
        }
    }

    func isAwaited(_ matches: (Purpose) -> Bool) -> Bool {
        outstanding.values.contains { matches($0.purpose) }
    }

    func acknowledge(urgent positions: [Position] = [], ended: Bool = false) {
        request(.ack, .ack(.with {
            $0.incarnation = Data(enforcer.incarnation.bytes)
            $0.applied = applied
            $0.root = Data(frontier.root.bytes)
            $0.urgent = positions
            $0.ended = ended
        }))
    }

    /// A clean stop: slices go back, and the ledger need not wait for the lease to run out.
    private func finish() {
        guard phase == .live else { return }
        let uses = enforcer.core.withLock { $0.enforcement.closeAll() }
        for start in stride(from: 0, to: uses.count, by: Limits.usesPerReport) {
            let page = Array(uses[start..<min(start + Limits.usesPerReport, uses.count)])
            submit(.sliceClosed(SliceReport(incarnation: enforcer.incarnation, uses: page, reason: "stop")), .closing)
        }
        acknowledge(ended: true)
        let deadline = Clocks.now() + 2 * .nanosecondsPerSecond
        while isAwaited({ if case .closing = $0 { true } else { false } }), Clocks.now() < deadline {
            _ = try? poller.wait([dealer], timeoutMilliseconds: 50)
            takeReplies()
        }
        saveSeen()
    }

    func saveSeen() {
        guard applied > 0 else { return }
        seen.position = applied
        seen.root = frontier.root.hex
        do {
            try seen.save(enforcer.options.dataFolder)
        } catch {
            logger.error("the log seen was not noted", metadata: ["error": "\(error)"])
        }
    }
}

/// Roots of the last positions applied, for checkpoints that come after their position.
struct RecentRoots {
    private var roots: [Position: Digest] = [:]
    static let kept: Position = 4096

    mutating func add(_ root: Digest, at position: Position) {
        roots[position] = root
        if position > Self.kept { roots[position - Self.kept] = nil }
    }

    func root(at position: Position) -> Digest? { roots[position] }
}

/// Events whose signature was verified lately: a restriction comes on both lanes.
struct RecentDigests {
    private var digests: Set<Digest> = []

    mutating func insert(_ digest: Digest) {
        if digests.count >= 1024 { digests = [] }
        digests.insert(digest)
    }

    mutating func take(_ digest: Digest) -> Bool { digests.remove(digest) != nil }
}
