internal import PenstockTransport
internal import Synchronization
internal import Testing

/// Everything here shares one ZeroMQ context and one ZAP handler, so nothing runs in parallel.
@Suite(.serialized)
struct TransportTests {}

/// Who is let in, as a node would know it from the log.
final class Roster: Sendable {
    private let names: Mutex<[[UInt8]: String]>

    init(_ members: [(keys: CurveKeyPair, name: String)] = []) {
        names = Mutex(Dictionary(uniqueKeysWithValues: members.map { ($0.keys.publicKey, $0.name) }))
    }

    func expel(_ keys: CurveKeyPair) {
        names.withLock { _ = $0.removeValue(forKey: keys.publicKey) }
    }

    var verdict: Authenticator.Verdict {
        { [self] _, _, key in names.withLock { $0[key] } }
    }
}

/// A bound server socket on a loopback port of its own.
struct Door {
    let keys = CurveKeyPair.generate()
    let domain: String
    let socket: Socket
    let endpoint: String

    private static let count = Atomic<Int>(0)

    static func freshDomain() -> String { "test-\(count.add(1, ordering: .relaxed).newValue)" }

    init(
        _ kind: SocketKind, domain: String = Door.freshDomain(), at endpoint: String = "tcp://127.0.0.1:*"
    ) throws {
        self.domain = domain
        socket = try Socket(kind, security: .server(keys: keys, domain: domain))
        self.endpoint = try socket.bind(endpoint)
    }

    init(_ kind: SocketKind, roster: Roster) throws {
        let domain = Door.freshDomain()
        try Authenticator.shared.register(domain: domain, verdict: roster.verdict)
        try self.init(kind, domain: domain)
    }

    func client(_ kind: SocketKind = .dealer, keys: CurveKeyPair) throws -> Socket {
        let socket = try Socket(kind, security: .client(keys: keys, serverKey: self.keys.publicKey))
        try socket.connect(endpoint)
        if kind == .subscriber { socket.subscribe() }
        return socket
    }
}

let patience = Duration.seconds(5)

extension Socket {
    func next(within time: Duration = patience) throws -> Inbound? {
        let (clock, poller) = (ContinuousClock(), Poller())
        let deadline = clock.now.advanced(by: time)
        repeat {
            if let inbound = try receive() { return inbound }
            _ = try poller.wait([self], timeoutMilliseconds: 10)
        } while clock.now < deadline
        return nil
    }

    /// Sends as soon as there is a connection to send on.
    func sendWhenReady(_ payload: [UInt8], within time: Duration = patience) throws -> SendOutcome {
        let (clock, poller) = (ContinuousClock(), Poller())
        let deadline = clock.now.advanced(by: time)
        var outcome = send(payload)
        while outcome == .full, clock.now < deadline {
            _ = try poller.wait([self], timeoutMilliseconds: 5)
            outcome = send(payload)
        }
        return outcome
    }
}

extension Inbound {
    var payload: [UInt8]? { if case .message(let message) = self { message.payload } else { nil } }
    var userID: String? { if case .message(let message) = self { message.userID } else { nil } }
    var route: RoutingID? { if case .message(let message) = self { message.route } else { nil } }
}

/// Publishes until the subscriber has one message: a subscription takes effect at some moment after the handshake.
func publishUntilHeard(_ publisher: Socket, _ subscriber: Socket, _ payload: [UInt8]) throws -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: patience)
    while clock.now < deadline {
        subscriber.subscribe()
        _ = try publisher.takeSubscriptions()
        #expect(publisher.send(payload) == .sent)
        if try subscriber.next(within: .milliseconds(20))?.payload == payload { return true }
    }
    return false
}

func drain(_ socket: Socket) throws {
    while try socket.next(within: .milliseconds(100)) != nil {}
}
