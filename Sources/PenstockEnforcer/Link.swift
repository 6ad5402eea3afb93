internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// The enforcer's side of the mesh: an interpreter of the `Follower` with sockets, keys and the journal.
/// Everything here belongs to one thread; what decisions read lies in the enforcer's `ShardedState`.
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

    var follower: Follower
    /// The tree over the view.
    var frontier = MerkleFrontier()
    var verifier = EventVerifier()
    var verified = RecentDigests()
    private let poller = Poller()

    init(_ enforcer: Enforcer) throws {
        self.enforcer = enforcer
        identity = enforcer.options.identity
        logger = enforcer.logger
        var seen = try Seen.load(enforcer.options.dataFolder).log
        // What a journal that was lost or cut short records from now on is not at the ledger.
        seen.shipped = min(seen.shipped, Recorder(enforcer.journal).lastRecorded)
        follower = Follower(
            mesh: identity.member.mesh, incarnation: enforcer.incarnation, seen: seen,
            predecessors: try Predecessors(enforcer.journal),
            // About as many as fill a fourth of a segment.
            releaseEvery: enforcer.options.shipsDecisions ? UInt64(enforcer.options.journal.segmentBytes >> 10) : nil)
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        cosigner = try Cosigner(name: identity.name, key: identity.signing)
        ledgerVerifier = try identity.member.ledger.verifier()
        ledgerKey = try NoteKey(name: identity.member.mesh, kind: .log, publicKey: ledgerVerifier.publicKey)
        let security = SocketSecurity.client(
            keys: identity.channel, serverKey: try identity.member.ledger.channelKeyBytes())
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
            enforcer.isSignalled.store(false, ordering: .sequentiallyConsistent)
        }
        takeUrgent()
        takeReplies()
        takeLog()
        passTime()
        enforcer.waiters.wakeDue(at: Clocks.now())
    }

    private func pollMilliseconds() -> Int {
        guard follower.phase == .live else { return 20 }
        return follower.isHurried ? 2 : 25
    }

    func take(_ input: NodeInput) {
        let recorder = Recorder(enforcer.journal)
        enforcer.state.withAll { follower.take(input, &$0, recorder, at: Clocks.now()) }
    }

    private func passTime() {
        let recorder = Recorder(enforcer.journal)
        let echoWanted = enforcer.isEchoWanted.exchange(false, ordering: .acquiring)
        enforcer.state.withAll {
            follower.passTime(
                &$0, recorder, echoWanted: echoWanted, at: Clocks.now(), random: SecureRandom.uint64)
        }
        perform()
    }

    /// A clean stop.
    private func finish() {
        take(.stop)
        perform()
        let deadline = Clocks.now() + Self.stopPatience
        while follower.isGivingBack, Clocks.now() < deadline {
            _ = try? poller.wait([dealer], timeoutMilliseconds: 50)
            takeReplies()
            passTime()
        }
    }

    /// For a ledger that is away for a moment; what it does not take in this time, the next start gives back.
    private static var stopPatience: Nanoseconds { 3 * .nanosecondsPerSecond }
}
