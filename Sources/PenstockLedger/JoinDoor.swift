internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// Where any key may connect, to ask for admission. It has threads and budgets of its own: what strangers do takes no
/// time from members, and no more than `Limits.joinsPerSecond` requests that prove their key reach the sequencer.
final class JoinDoor: Sendable {
    /// A request whose node has proven that it holds its key. Nothing else about it is known.
    struct Join: Sendable {
        var route: RoutingID
        var keys: NodeKeys
        var tokenHash: Digest
    }

    private struct State {
        var budget = JoinBudget()
        var waiting: [Join] = []
        var counters: [String: UInt64] = [:]
    }

    private let domain: String
    private let wake: WakeSignal
    private let thread: ServerThread
    private let state: SharedState
    private let socket: ServerSocket

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// - Parameter wake: signalled when `take` has something.
    init(_ identity: Identity, domain: String, wake: WakeSignal) throws {
        self.domain = domain
        self.wake = wake
        let state = SharedState()
        self.state = state
        thread = try ServerThread(name: "join", receiver: wake)
        socket = try thread.open(
            .router, security: .server(keys: identity.channel, domain: domain), traffic: .strangers,
            screen: { message in Self.screen(message, state, wake) })
    }

    /// From here on strangers may come.
    func open(_ endpoint: String) throws {
        let state = state
        try Authenticator.shared.register(domain: domain) { _, address, _ in
            state.value.withLock { $0.budget.admitsHandshake(from: address, at: Clocks.now()) } ? "joining" : nil
        }
        _ = try socket.bind(endpoint)
    }

    func close() {
        Authenticator.shared.unregister(domain: domain)
        thread.close()
    }

    var handshakes: Authenticator.Counts? { Authenticator.shared.counts(domain: domain) }

    func take() -> [Join] {
        state.value.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Connections that the guard has cut.
    var cut: UInt64 { socket.counts.cut }

    /// What was refused here since it was asked last, by reason.
    func takeCounters() -> [String: UInt64] {
        state.value.withLock { state in
            defer { state.counters = [:] }
            return state.counters
        }
    }

    func answer(_ route: RoutingID, position: Position = 0, refusal: Refusal? = nil) {
        if let refusal { Self.count(refusal, state) }
        _ = socket.send(Self.reply(position: position, refusal: refusal), to: route)
    }

    // MARK: The join thread

    /// The cheapest checks first: each attempt counts, whatever comes of it.
    private static func screen(_ message: InboundMessage, _ state: SharedState, _ wake: WakeSignal)
        -> ServerThread.Screening
    {
        guard let route = message.route, message.payload.count <= Limits.joinRequestBytes else {
            state.value.withLock { $0.counters["refused_join_malformed", default: 0] += 1 }
            return .drop
        }
        switch state.value.withLock({ $0.budget.admitsAttempt(from: message.address ?? "", at: Clocks.now()) }) {
        case .admitted: break
        case .answerBusy: return refuse(Refusal(.busy, "too many attempts to join", retryAfterMS: 1000), state)
        case .ignore:
            state.value.withLock { $0.counters["refused_join_ignored", default: 0] += 1 }
            return .drop
        }
        do throws(Refusal) {
            let join = try verify(message.payload, route)
            let hasRoom = state.value.withLock { state in
                guard state.waiting.count < Limits.joinsPerSecond else { return false }
                state.waiting.append(join)
                return true
            }
            guard hasRoom else {
                throw Refusal(.busy, "the ledger has more than it can take up at once", retryAfterMS: 200)
            }
            wake.signal()
            return .drop
        } catch {
            return refuse(error, state)
        }
    }

    private static func verify(_ payload: [UInt8], _ route: RoutingID) throws(Refusal) -> Join {
        let request: Penstock_V1_JoinRequest
        let keys: NodeKeys
        do {
            request = try decode(Penstock_V1_JoinRequest.self, payload, "join request")
            keys = try NodeKeys(request.node)
        } catch {
            throw Refusal(error)
        }
        guard request.version == WireVersion.request else {
            throw Refusal(.oldVersion, "join version \(request.version) is not \(WireVersion.request)")
        }
        let secret = [UInt8](request.token)
        guard let key = PublicKey(keys.signing),
            Verifier(key).verify(
                signature: [UInt8](request.signature), message: JoinTokenText.proof(secret: secret, keys: keys))
        else { throw Refusal(.badSignature, "the node did not prove that it holds its key") }
        return Join(route: route, keys: keys, tokenHash: SHA256.hash(secret))
    }

    private static func refuse(_ refusal: Refusal, _ state: SharedState) -> ServerThread.Screening {
        count(refusal, state)
        return .answer(reply(refusal: refusal))
    }

    private static func count(_ refusal: Refusal, _ state: SharedState) {
        state.value.withLock { $0.counters["refused_join_\(refusal.code.rawValue)", default: 0] += 1 }
    }

    private static func reply(position: Position = 0, refusal: Refusal?) -> [UInt8] {
        encode(
            Penstock_V1_JoinReply.with {
                $0.position = position
                if let refusal { $0.refused = refusal.proto }
            })
    }
}
