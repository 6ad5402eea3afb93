internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
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

    var seen: Seen
    var follower: Follower
    var load: SnapshotLoad?
    /// Open slices of this node, as far as their pages have come.
    var openSlices: [Penstock_V1_SliceStatus] = []
    /// The tree over the view.
    var frontier = MerkleFrontier()
    var roots = RecentRoots()
    var verifier = EventVerifier()
    var verified = RecentDigests()
    var outstanding = Outstanding<Purpose, Request.OneOf_Kind>()
    var timers = Timers()
    var awaitingCheckpoint: [Position: Instant] = [:]
    /// Checkpoints to cosign, and since when.
    var awaitingCosign: [(note: String, since: Instant)] = []
    var releasedThrough: UInt64 = 0
    /// More decisions wait to be shipped than went into the last batch.
    var shipsOn = false
    /// Where the next batch ends at the latest: the ledger has one from there that ends so, whose answer was lost.
    var shipEnd = UInt64.max
    private var isHaltNoted = false

    private let poller = Poller()

    struct Timers {
        var ship: Instant = 0
        /// Not before this, however much waits: the ledger has refused a batch for good.
        var shipAgain: Instant = 0
        var save: Instant = 0
        var room: Instant = 0
        var subscribe: Instant = 0
    }

    var saidJournalLow = false
    /// How holds of earlier runs ended, as far as the journal has not taken it yet.
    var endsToRecord: ArraySlice<DecisionRecord>

    /// What an awaited answer is to.
    enum Purpose: Sendable {
        case ask(Follower.Ask)
        case shipment(first: UInt64, count: UInt32)
        case cosign
        case checkpoint(Position)
    }

    init(_ enforcer: Enforcer) throws {
        self.enforcer = enforcer
        identity = enforcer.options.identity
        logger = enforcer.logger
        seen = try Seen.load(enforcer.options.dataFolder)
        // What a journal that was lost or cut short records from now on is not at the ledger.
        seen.shipped = min(seen.shipped, enforcer.journal.nextSequence - 1)
        let predecessors = try Predecessors(enforcer.journal)
        endsToRecord = predecessors.ends[...]
        follower = Follower(mesh: identity.member.mesh, seen: seen.position, heard: seen.heard ?? 0, predecessors: predecessors)
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        cosigner = try Cosigner(name: identity.name, key: identity.signing)
        ledgerVerifier = try identity.member.ledger.verifier()
        guard let key = Hex.decode(identity.member.ledger.signingKey).flatMap({ PublicKey($0) }) else { throw EnforcerError("the ledger's signing key in \(identity.folder)/member.json is damaged") }
        ledgerKey = try NoteKey(name: identity.member.mesh, kind: .log, publicKey: key)
        let security = SocketSecurity.client(keys: identity.channel, serverKey: try identity.member.ledger.channelKeyBytes())
        dealer = try Socket(.dealer, security: security)
        log = try Socket(.subscriber, security: security)
        urgent = try Socket(.subscriber, security: security)
        try urgent.connect(identity.member.ledger.urgent)
        try log.connect(identity.member.ledger.log)
        try dealer.connect(identity.member.ledger.requests)
    }

    /// Until the enforcer stops.
    ///
    /// - Throws: when the sockets fail; there is no next turn.
    func run() throws {
        defer { for socket in [dealer, log, urgent] { socket.close() } }
        while !enforcer.stopping.load(ordering: .acquiring) { try turn(timeout: pollMilliseconds()) }
        finish()
    }

    private func turn(timeout: Int) throws {
        let ready = try poller.wait([urgent, dealer, log], wake: enforcer.wake, timeoutMilliseconds: timeout)
        if ready.woken {
            enforcer.wake.drain()
            enforcer.core.withLock { $0.isSignalled = false }
        }
        let acknowledged = takeUrgent()
        takeReplies()
        takeLog()
        // On a machine of several nodes, what can wait would take the time in which others acknowledge.
        if !acknowledged, follower.phase != .halted { tick(Clocks.now()) }
        noteHalt()
        enforcer.waiters.resumeAll()
    }

    private func pollMilliseconds() -> Int {
        guard follower.phase == .live else { return 20 }
        return follower.isHurried ? 2 : 25
    }

    /// Stops deciding for good: an operator has to look.
    func halt(_ why: String) {
        enforcer.core.withLock { follower.halt(why, &$0.enforcement) }
        noteHalt()
    }

    private func noteHalt() {
        guard follower.phase == .halted, !isHaltNoted else { return }
        isHaltNoted = true
        logger.critical("halted", metadata: ["why": "\(enforcer.core.withLock { $0.enforcement.halted } ?? "")"])
    }

    // MARK: Sending

    func request(_ purpose: Purpose, retries: Bool = false, _ kind: Request.OneOf_Kind) {
        let id = outstanding.add(purpose, again: retries ? kind : nil, at: Clocks.now())
        _ = dealer.send(encode(Request(id: id, kind)))
    }

    func submit(_ kind: EventKind, _ purpose: Purpose) {
        let event = signer.sign(kind, at: Clocks.wall())
        request(purpose, retries: true, .submit(.with { $0.event = Data(event.entry) }))
    }

    /// Sends again what got no answer, and forgets what is not worth it.
    func resend(_ now: Instant) {
        for (id, kind) in outstanding.overdue(at: now) { _ = dealer.send(encode(Request(id: id, kind))) }
    }

    /// A clean stop: slices go back, and the ledger need not wait for the lease to run out.
    private func finish() {
        let asks = enforcer.core.withLock { follower.stop(&$0.enforcement) }
        guard !asks.isEmpty else { return }
        send(asks)
        let began = Clocks.now()
        while isGivingBack && Clocks.now() < began + Self.stopPatience {
            _ = try? poller.wait([dealer], timeoutMilliseconds: 50)
            takeReplies()
            send(enforcer.core.withLock { follower.stopLate(&$0.enforcement) })
            resend(Clocks.now())
        }
        saveSeen()
    }

    /// A slice that was asked for may have been granted already: the ledger's answer tells.
    private var isGivingBack: Bool {
        outstanding.contains {
            switch $0 {
            case .ask(.close), .ask(.reserve): true
            default: false
            }
        }
    }

    /// For a ledger that is away for a moment; what it does not take in this time, the next start gives back.
    private static var stopPatience: Nanoseconds { 3 * .nanosecondsPerSecond }

    func saveSeen() {
        guard follower.applied > 0 else { return }
        seen.position = follower.applied
        seen.root = frontier.root.hex
        seen.heard = follower.heard
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
