internal import NIOCore
import PenstockCore
internal import PenstockGatekeeper
internal import ServiceLifecycle
internal import Synchronization

/// Hands the gatekeeper's cancellations to the clients of `/v1/events`: to each those of the credential that it showed,
/// so that what becomes of one agent's calls neither tells another anything nor fills its stream.
///
/// Whoever lags behind, or is there while the gatekeeper cannot say, loses its stream: it must take the gap for
/// anything that may have been cancelled.
final class EventHub: Service, Sendable {
    private struct Client {
        /// What it showed; zero for none, which only a Unix socket takes, and which is told of everybody's.
        var credential: Digest
        var events: AsyncStream<ByteBuffer>.Continuation
        var drop: @Sendable () -> Void
    }

    private struct State {
        /// Nil between two subscriptions, and once closed.
        var isLive = false
        var isClosed = false
        var clients: [UInt64: Client] = [:]
        var nextID: UInt64 = 0
    }

    private let gatekeeper: any Gatekeeper
    private let keepAlive: Duration
    private let state = Mutex(State())

    init(_ gatekeeper: any Gatekeeper, keepAlive: Duration) {
        self.gatekeeper = gatekeeper
        self.keepAlive = keepAlive
    }

    /// Runs until shutdown, so that the streams end before the servers wait for their connections.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.follow() }
                group.addTask { await self.beat() }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.end(closing: true)
        }
        end(closing: true)
    }

    private func follow() async {
        while !Task.isCancelled, !state.withLock({ $0.isClosed }) {
            let cancellations = gatekeeper.cancellations()
            state.withLock { $0.isLive = !$0.isClosed }
            for await cancellation in cancellations {
                publish(ByteBuffer(bytes: EvaluationCodec.event(cancellation)), of: cancellation.credential)
                if state.withLock({ $0.isClosed }) { return }
            }
            end(closing: false)
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func beat() async {
        var slept: Duration = .zero
        let tick = min(keepAlive, .milliseconds(200))
        while !Task.isCancelled, !state.withLock({ $0.isClosed }) {
            try? await Task.sleep(for: tick)
            slept += tick
            guard slept >= keepAlive else { continue }
            slept = .zero
            publish(ByteBuffer(string: ": keep-alive\n\n"))
        }
    }

    /// - Parameter credential: zero for what everybody is told.
    private func publish(_ event: ByteBuffer, of credential: Digest = .zero) {
        let clients = state.withLock { $0.clients }
        for (id, client) in clients
        where credential == .zero || client.credential == .zero || client.credential == credential {
            guard case .dropped = client.events.yield(event) else { continue }
            leave(id)
            client.drop()
        }
    }

    private func end(closing: Bool) {
        let clients = state.withLock { state in
            state.isLive = false
            if closing { state.isClosed = true }
            defer { state.clients = [:] }
            return state.clients
        }
        for client in clients.values { client.events.finish() }
    }

    /// Why nobody can join now.
    enum Refusal: Error {
        case notLive, full
    }

    /// Whether `join` would take one more.
    func admits(_ credential: Digest) -> Result<Void, Refusal> { state.withLock { Self.admits(credential, $0) } }

    private static func admits(_ credential: Digest, _ state: borrowing State) -> Result<Void, Refusal> {
        guard state.isLive else { return .failure(.notLive) }
        let own = credential == .zero ? 0 : state.clients.values.count { $0.credential == credential }
        return state.clients.count < HTTPLimits.eventClients && own < HTTPLimits.eventClientsOfCredential
            ? .success(()) : .failure(.full)
    }

    /// - Parameter drop: cuts the client's connection, however its last write stands.
    func join(_ credential: Digest, drop: @escaping @Sendable () -> Void) -> Result<
        (id: UInt64, events: AsyncStream<ByteBuffer>), Refusal
    > {
        let (events, continuation) = AsyncStream<ByteBuffer>.makeStream(
            bufferingPolicy: .bufferingOldest(HTTPLimits.eventsPerClient))
        return state.withLock { state in
            Self.admits(credential, state).map {
                state.nextID += 1
                state.clients[state.nextID] = Client(credential: credential, events: continuation, drop: drop)
                return (state.nextID, events)
            }
        }
    }

    func leave(_ id: UInt64) {
        state.withLock { $0.clients.removeValue(forKey: id) }?.events.finish()
    }
}
