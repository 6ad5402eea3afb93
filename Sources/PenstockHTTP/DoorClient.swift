internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Asks one door over HTTP/1.1, on connections that are kept between questions.
///
/// The door is on this machine: there is no TLS, no redirection is followed, and nothing is tried twice.
final class DoorClient: Sendable {
    enum Address: Hashable, Sendable {
        case unix(path: String)
        case tcp(host: String, port: Int)
    }

    struct Question: Sendable {
        var path: String
        var credential: String?
        /// JSON, which is posted.
        var body: [UInt8]?
    }

    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// The chunks of a body, as they come.
    typealias Chunks = AsyncThrowingStream<ByteBuffer, any Error>

    private let address: Address
    /// The `Host` that is asked for.
    private let host: String
    /// Connections that nobody uses; the one that was used last is the last.
    private let idle = Mutex<[any Channel]>([])

    init(_ address: Address, host: String) {
        self.address = address
        self.host = host
    }

    deinit { for channel in idle.withLock({ $0 }) { channel.close(promise: nil) } }

    /// Throws when no whole answer came within `time`, or the task was cancelled: the connection is closed then.
    func ask(_ question: Question, within time: Duration) async throws -> Answer {
        let deadline = NIODeadline.now() + TimeAmount(time)
        let channel = if let kept = free() { kept } else { try await connect(within: time) }
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let overdue = channel.eventLoop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
        defer { overdue.cancel() }
        send(question, .whole(promise), on: channel)
        let answer = try await Self.value(of: promise.futureResult, on: channel)
        keep(channel)
        return answer
    }

    /// A stream on a connection of its own, which ends with it. It breaks when nothing comes for
    /// `HTTPLimits.silentTime`, and when more than `HTTPLimits.eventsPerClient` chunks are not read yet.
    func stream(_ question: Question) async throws -> (status: Int, chunks: Chunks) {
        let channel = try await connect(within: HTTPLimits.connectTime)
        let (chunks, continuation) = Chunks.makeStream(bufferingPolicy: .bufferingOldest(HTTPLimits.eventsPerClient))
        continuation.onTermination = { _ in channel.close(promise: nil) }
        let status = channel.eventLoop.makePromise(of: Int.self)
        send(question, .stream(status, continuation), on: channel)
        return (try await Self.value(of: status.futureResult, on: channel), chunks)
    }

    private static func value<T: Sendable>(of future: EventLoopFuture<T>, on channel: any Channel) async throws -> T {
        try await withTaskCancellationHandler {
            try await future.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func send(_ question: Question, _ sink: DoorExchange.Sink, on channel: any Channel) {
        var head = HTTPRequestHead(
            version: .http1_1, method: question.body == nil ? .GET : .POST, uri: question.path,
            headers: ["Host": host])
        if let credential = question.credential {
            head.headers.add(name: "Authorization", value: "Bearer \(credential)")
        }
        if let body = question.body {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.headers.add(name: "Content-Length", value: "\(body.count)")
        }
        let exchange = DoorExchange(head: head, body: question.body.map { ByteBuffer(bytes: $0) }, sink: sink)
        // On a connection that was closed meanwhile, nobody else ends it.
        channel.writeAndFlush(exchange).whenFailure { sink.fail($0) }
    }
}

// MARK: - Connections

extension DoorClient {
    private func free() -> (any Channel)? {
        idle.withLock { idle in
            while let channel = idle.popLast() { if channel.isActive { return channel } }
            return nil
        }
    }

    private func keep(_ channel: any Channel) {
        let isKept = idle.withLock { idle in
            guard channel.isActive, idle.count < HTTPLimits.idleConnections else { return false }
            idle.append(channel)
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }

    private func connect(within time: Duration) async throws -> any Channel {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(min(max(time, .milliseconds(1)), HTTPLimits.connectTime)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(HTTPLimits.silentTime)))
                    try pipeline.addHandler(DoorExchangeHandler())
                }
            }
        let channel =
            switch address {
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.idle.withLock { idle in idle.removeAll { $0 === channel } }
        }
        return channel
    }
}
