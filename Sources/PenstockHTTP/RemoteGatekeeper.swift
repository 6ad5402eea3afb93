internal import AsyncHTTPClient
package import Logging
internal import NIOCore
internal import NIOHTTP1
package import PenstockCore
package import PenstockEnforcer
internal import Synchronization

/// An enforcer reached over its HTTP door, on behalf of one credential.
///
/// Whatever goes wrong on the way is a denial for want of a view. A call that holds is asked about only while the
/// stream of cancellations stands, once anybody has subscribed to it: its caller could not be told to stop it.
package final class RemoteGatekeeper: Gatekeeper {
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case endpoint(String)
        case pathTooLong(String)
        case credential

        package var description: String {
            switch self {
            case .endpoint(let text): "\(text) is neither unix:PATH nor http://HOST:PORT with a loopback address: this version has no TLS"
            case .pathTooLong(let path): "\(path) is longer than the path of a Unix socket can be"
            case .credential: "the credential is not well formed"
            }
        }
    }

    private struct Watch {
        /// Somebody relies on cancellations.
        var isWanted = false
        /// Streams that stand, by the credential that each was opened with: it is told of that one's calls.
        var live: [Digest: Int] = [:]
        /// Streams that have broken so far.
        var broken = 0
        /// Why there is no stream, as it has been said.
        var problem: String?
        /// The node does not know the credential.
        var isRefused = false
        var subscriptions: [Int: Subscription] = [:]
        var lastSubscription = 0
    }

    /// One reader of cancellations, and the streams that feed it.
    private struct Subscription {
        let continuation: AsyncStream<Cancellation>.Continuation
        var streams: [(credential: Digest, task: Task<Void, Never>)] = []
    }

    /// The credential in use and the one before it, which calls that were begun with it still have.
    private struct Credentials {
        var current: String
        var known: [(digest: Digest, text: String)]
    }

    private let endpoint: String
    private let logger: Logger?
    private let base: String
    private let hashing: Hashing
    private let credentials: Mutex<Credentials>
    private let client: HTTPClient
    private let watch = Mutex(Watch())

    /// - Parameter endpoint: `unix:PATH` or `http://` with a loopback address and a port.
    /// - Parameter logger: is told once when nothing answers there, and once when something does again.
    package init(endpoint: String, credential: String, hashing: Hashing, logger: Logger? = nil) throws(Problem) {
        guard let base = Self.base(endpoint) else { throw .endpoint(endpoint) }
        // unix(7): sun_path holds 108 bytes with its end.
        guard !endpoint.hasPrefix("unix:") || endpoint.utf8.count - 5 < 108 else { throw .pathTooLong(String(endpoint.dropFirst(5))) }
        guard let digest = hashing.credentialDigest(credential) else { throw .credential }
        self.endpoint = endpoint
        self.logger = logger
        self.base = base
        self.hashing = hashing
        credentials = Mutex(Credentials(current: credential, known: [(digest, credential)]))
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2), read: .seconds(45)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Asks with another credential from now on, which `hashing` must take for one. What was begun with those before it is still
    /// told of, until there are so many of them that a reader has to begin anew.
    package func use(_ credential: String) {
        guard let digest = hashing.credentialDigest(credential) else { return }
        credentials.withLock { $0 = Credentials(current: credential, known: [(digest, credential)] + $0.known.prefix(1)) }
        let subscriptions = watch.withLock { $0.subscriptions.filter { !$0.value.streams.contains { $0.credential == digest } } }
        for (number, subscription) in subscriptions {
            if subscription.streams.count < Self.mostStreams {
                follow(digest, credential, for: number, subscription.continuation, retries: true)
            } else {
                subscription.continuation.finish()
            }
        }
    }

    private static let mostStreams = 8

    private func text(_ digest: Digest) -> String? { credentials.withLock { $0.known.first { $0.digest == digest }?.text } }

    deinit {
        Task { [client] in try? await client.shutdown() }
    }

    static func base(_ endpoint: String) -> String? {
        if endpoint.hasPrefix("unix:") {
            let path = endpoint.dropFirst(5)
            guard path.hasPrefix("/") else { return nil }
            let escaped = path.utf8.map { byte -> String in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    String(Unicode.Scalar(byte))
                default: "%" + Hex.encode([byte])
                }
            }
            return "http+unix://" + escaped.joined()
        }
        guard endpoint.hasPrefix("http://") else { return nil }
        let authority = endpoint.dropFirst(7)
        guard let (host, given) = HostAddress.authority(String(authority.hasSuffix("/") ? authority.dropLast() : authority)), let port = given, host.isLoopback else { return nil }
        return "http://\(host.bracketed):\(port)"
    }
}

// MARK: - Calls

extension RemoteGatekeeper {
    package func check(_ call: Call, patience: Duration) async -> Decision {
        guard let credential = text(call.credential) else { return Decision(reason: .unknownCredential) }
        if call.holds, await !isWatched(call.credential, within: patience) {
            let (problem, isRefused) = watch.withLock { ($0.problem, $0.isRefused) }
            // It tells a stranger nothing, but why a call would be denied.
            let reason = isRefused ? await preview(call).reason : .noView
            return Decision(reason: reason == .none ? .noView : reason, detail: problem ?? away)
        }
        let before = watch.withLock { $0.broken }
        let askedAt = ContinuousClock.now
        let path = call.holds ? "/v1/holds" : "/access/v1/evaluation"
        guard let (status, answer) = await post(path, EvaluationCodec.json(call, patience: patience).bytes, credential, within: patience + .seconds(1)) else {
            return Decision(reason: .noView, detail: away)
        }
        // Its connection asks for too much at once that the node cannot tell from a stranger's.
        if status == 429 { return Decision(reason: .busy, retryAfterMS: HTTPLimits.strangersRetryMS) }
        if (400..<500).contains(status) { return Decision(reason: .malformed) }
        guard status == 200, let json = try? JSONParser.parse(answer), var decision = EvaluationCodec.decision(json) else {
            return Decision(reason: .noView)
        }
        decision.validForMS = Self.left(of: decision.validForMS, after: ContinuousClock.now - askedAt)
        if call.holds, decision.isAllow, watch.withLock({ $0.broken != before && $0.isWanted }) {
            // Its cancellation may have gone by.
            try? await release(decision.permitID)
            return Decision(reason: .noView)
        }
        return decision
    }

    /// A permit's time counts from when the caller asked: how long the answer took to come is not known otherwise.
    static func left(of validForMS: Int64, after elapsed: Duration) -> Int64 {
        max(0, validForMS - elapsed.components.seconds * 1_000 - elapsed.components.attoseconds / 1_000_000_000_000_000 - 1)
    }

    package func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        try await end(permitID, "settle", EvaluationCodec.json(actual, priced).bytes)
    }

    package func release(_ permitID: String) async throws(HoldError) {
        try await end(permitID, "release", JSON.object([]).bytes)
    }

    private func end(_ permitID: String, _ how: String, _ body: [UInt8]) async throws(HoldError) {
        let isName = permitID.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        }
        guard isName, !permitID.isEmpty else { throw .unknownHold }
        guard let (status, _) = await post("/v1/holds/\(permitID)/\(how)", body, credentials.withLock(\.current), within: .seconds(5)) else { throw .unreachable }
        switch status {
        case 204: return
        case 404: throw .unknownHold
        case 400: throw .malformed
        case 409: throw .notCharged("")
        case 410: throw .alreadySettled
        case 421: throw .otherNode
        case 503: throw .unrecordable
        default: throw .unreachable
        }
    }

    package func preview(_ call: Call) async -> Preview {
        guard let credential = text(call.credential) else { return Preview(reason: .unknownCredential) }
        guard let (status, answer) = await post("/v1/preview", EvaluationCodec.json(call, patience: .zero).bytes, credential, within: .seconds(3)) else {
            return Preview(reason: .noView, detail: away)
        }
        if status == 429 { return Preview(reason: .busy) }
        // What it takes for no question is no call that it would allow.
        if (400..<500).contains(status) { return Preview(reason: .malformed) }
        guard status == 200, let json = try? JSONParser.parse(answer), let preview = EvaluationCodec.preview(json) else {
            return Preview(reason: .noView, detail: "the enforcer at \(endpoint) answers in a way that this version does not know")
        }
        return preview
    }

    private var away: String { "the enforcer at \(endpoint) cannot be reached" }

    /// Said once for each time that it goes or comes.
    ///
    /// - Parameter problem: nil when the stream stands.
    private func note(_ problem: String?, isRefused: Bool = false) {
        let before = watch.withLock { watch in
            defer { (watch.problem, watch.isRefused) = (problem, isRefused) }
            return watch.problem
        }
        guard before != problem else { return }
        if let problem { logger?.warning("\(problem): every call is denied until it is back") } else { logger?.notice("the enforcer at \(endpoint) is back") }
    }

    /// Whether anything answers as an enforcer there, fit to decide or not.
    package func isReachable() async -> Bool {
        let response = try? await client.execute(HTTPClientRequest(url: base + "/livez"), timeout: .seconds(2))
        return response?.status == .ok
    }

    private func post(_ path: String, _ body: [UInt8], _ credential: String, within time: Duration) async -> (status: Int, body: [UInt8])? {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "Authorization": "Bearer \(credential)"]
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, timeout: .milliseconds(EvaluationCodec.milliseconds(time)))
            let answer = try await response.body.collect(upTo: HTTPLimits.answerBytes)
            return (Int(response.status.code), Array(buffer: answer))
        } catch {
            return nil
        }
    }
}

// MARK: - Cancellations

extension RemoteGatekeeper {
    /// One subscription: it ends when a stream breaks, at most three keep-alives after the other side went silent.
    package func cancellations() -> AsyncStream<Cancellation> {
        let (stream, continuation) = AsyncStream<Cancellation>.makeStream(bufferingPolicy: .bufferingOldest(HTTPLimits.eventsPerClient))
        let number = watch.withLock { watch in
            watch.isWanted = true
            watch.lastSubscription += 1
            watch.subscriptions[watch.lastSubscription] = Subscription(continuation: continuation)
            return watch.lastSubscription
        }
        continuation.onTermination = { [weak self] _ in
            let ended = self?.watch.withLock { $0.subscriptions.removeValue(forKey: number) }
            for stream in ended?.streams ?? [] { stream.task.cancel() }
        }
        // Only now: one that comes into use from here on finds the subscription.
        let (digest, credential) = credentials.withLock { $0.known[0] }
        follow(digest, credential, for: number, continuation, retries: false)
        return stream
    }

    /// - Parameter retries: whether the subscription goes on while the stream cannot be opened.
    private func follow(
        _ digest: Digest, _ credential: String, for number: Int, _ continuation: AsyncStream<Cancellation>.Continuation, retries: Bool
    ) {
        var request = HTTPClientRequest(url: base + "/v1/events")
        request.headers = ["Authorization": "Bearer \(credential)"]
        let following = Task { [request, client, weak self] in
            defer { continuation.finish() }
            while !Task.isCancelled {
                let response = try? await client.execute(request, deadline: .distantFuture)
                if let response, response.status == .ok {
                    await Self.read(response, into: continuation, onLive: { self?.began(digest) }, onEnd: { self?.lost(digest) })
                    return
                }
                if !Task.isCancelled { self?.refused(response?.status) }
                guard retries, self != nil else { return }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        let isOver = watch.withLock { watch in
            watch.subscriptions[number]?.streams.append((digest, following))
            return watch.subscriptions[number] == nil
        }
        if isOver { following.cancel() }
    }

    private static func read(
        _ response: HTTPClientResponse, into continuation: AsyncStream<Cancellation>.Continuation, onLive: () -> Void, onEnd: () -> Void
    ) async {
        var isLive = false
        defer { if isLive { onEnd() } }
        var parser = EventStreamParser()
        do {
            for try await chunk in response.body {
                if !isLive {
                    isLive = true
                    onLive()
                }
                for event in parser.read(chunk.readableBytesView) where ["cancelled", "restricted"].contains(event.name) {
                    guard let json = try? JSONParser.parse(Array(event.data.utf8)), let cancellation = EvaluationCodec.cancellation(event: event.name, data: json),
                        case .enqueued = continuation.yield(cancellation)
                    else { return }
                }
                if parser.isBroken { return }
            }
        } catch {}
    }

    private func began(_ credential: Digest) {
        watch.withLock { $0.live[credential, default: 0] += 1 }
        note(nil)
    }

    private func lost(_ credential: Digest) {
        watch.withLock { watch in
            watch.live[credential, default: 1] -= 1
            if watch.live[credential] == 0 { watch.live[credential] = nil }
            watch.broken += 1
        }
    }

    /// - Parameter status: nil when nothing answers.
    private func refused(_ status: HTTPResponseStatus?) {
        guard let status else { return note(away) }
        let isRefused = status == .unauthorized
        note("the enforcer at \(endpoint) " + (isRefused ? "does not know the credential" : "tells no cancellations now (\(status.code))"), isRefused: isRefused)
    }

    private func isWatched(_ credential: Digest, within patience: Duration) async -> Bool {
        let started = ContinuousClock.now
        while !watch.withLock({ !$0.isWanted || $0.live[credential] != nil }) {
            guard ContinuousClock.now - started < patience, !Task.isCancelled, !watch.withLock({ $0.isRefused }) else { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }
}
