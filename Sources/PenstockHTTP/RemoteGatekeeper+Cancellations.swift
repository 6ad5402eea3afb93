internal import Logging
internal import NIOCore
import PenstockCore
package import PenstockGatekeeper
internal import PenstockJSON
internal import Synchronization

// MARK: - Cancellations

extension RemoteGatekeeper {
    /// Streams of one subscription: one for each credential that calls under way have.
    static let mostStreams = 8

    /// One subscription: it ends when a stream breaks, at most three keep-alives after the other side went silent.
    package func cancellations() -> AsyncStream<Cancellation> {
        let (stream, continuation) = AsyncStream<Cancellation>.makeStream(
            bufferingPolicy: .bufferingOldest(HTTPLimits.eventsPerClient))
        let number = watch.withLock { $0.next() }
        continuation.onTermination = { [weak self] _ in self?.finish(number) }
        watch.withLock { watch in
            // What was asked before, nobody was told of.
            if !watch.isWanted { watch.broken += 1 }
            watch.isWanted = true
            watch.subscriptions[number] = Watch.Subscription(continuation: continuation)
            follow(watch.known[0].digest, in: &watch, retries: false)
        }
        return stream
    }

    /// Opens what is missing of a credential's streams, as far as there may be more.
    ///
    /// - Parameter retries: whether the subscription goes on while the stream cannot be opened.
    func follow(_ digest: Digest, in watch: inout Watch, retries: Bool = true) {
        guard let credential = watch.text(digest) else { return }
        let question = DoorClient.Question(path: "/v1/events", credential: credential)
        for (number, subscription) in watch.subscriptions
        where subscription.streams[digest] == nil && subscription.streams.count < Self.mostStreams {
            let (id, continuation) = (watch.next(), subscription.continuation)
            let task = Task { [client, weak self] in
                while !Task.isCancelled {
                    let answer = try? await client.stream(question)
                    if let answer, answer.status == 200 {
                        await Self.read(
                            answer.chunks, into: continuation, onLive: { self?.stands(digest, id, of: number) })
                        break
                    }
                    if !Task.isCancelled { self?.refused(digest, answer?.status) }
                    guard retries, self != nil else { break }
                    try? await Task.sleep(for: .milliseconds(500))
                }
                if let self { self.finish(number, with: id) } else { continuation.finish() }
            }
            watch.subscriptions[number]!.streams[digest] = Watch.Stream(id: id, task: task)
        }
    }

    /// With a subscription goes, at once, all that stood for it.
    ///
    /// - Parameter stream: which one has broken; one that was given up ends nothing.
    private func finish(_ number: Int, with stream: Int? = nil) {
        let ended = watch.withLock { watch -> Watch.Subscription? in
            guard let subscription = watch.subscriptions[number] else { return nil }
            guard stream == nil || subscription.streams.values.contains(where: { $0.id == stream }) else { return nil }
            watch.subscriptions[number] = nil
            watch.broken += 1
            return subscription
        }
        for stream in ended?.streams.values.map(\.task) ?? [] { stream.cancel() }
        ended?.continuation.finish()
    }

    private static func read(
        _ chunks: DoorClient.Chunks, into continuation: AsyncStream<Cancellation>.Continuation, onLive: () -> Void
    ) async {
        var isLive = false
        var parser = EventStreamParser()
        do {
            for try await chunk in chunks {
                if !isLive {
                    isLive = true
                    onLive()
                }
                for event in parser.read(chunk.readableBytesView)
                where ["cancelled", "restricted"].contains(event.name) {
                    guard let json = try? JSONParser.parse(Array(event.data.utf8)),
                        let cancellation = EvaluationCodec.cancellation(event: event.name, data: json),
                        case .enqueued = continuation.yield(cancellation)
                    else { return }
                }
                if parser.isBroken { return }
            }
        } catch {}
    }

    private func stands(_ credential: Digest, _ id: Int, of number: Int) {
        let idle = watch.withLock { watch -> [Task<Void, Never>] in
            guard watch.subscriptions[number]?.streams[credential]?.id == id else { return [] }
            watch.subscriptions[number]!.streams[credential]!.isLive = true
            return watch.giveUp()
        }
        for task in idle { task.cancel() }
        note(credential, nil)
    }

    /// - Parameter status: nil when nothing answers.
    private func refused(_ credential: Digest, _ status: Int?) {
        guard let status else {
            return note(credential, Watch.Problem(text: away, denies: "every call is denied until it is back"))
        }
        let isRefused = status == 401
        let text =
            "the enforcer at \(endpoint) "
            + (isRefused ? "does not know the credential" : "tells no cancellations now (\(status))")
        note(
            credential,
            Watch.Problem(
                text: text, denies: "calls with this credential are denied until it does", isRefused: isRefused))
    }

    /// Said once for each time that it goes or comes.
    ///
    /// - Parameter problem: nil when the stream stands.
    private func note(_ credential: Digest, _ problem: Watch.Problem?) {
        let isNews = watch.withLock { watch in
            guard watch.isUsed(credential) else { return false }
            defer { watch.problems[credential] = problem }
            return watch.problems[credential]?.text != problem?.text
        }
        guard isNews else { return }
        if let problem {
            logger?.warning("\(problem.text): \(problem.denies)")
        } else {
            logger?.notice("the enforcer at \(endpoint) is back")
        }
    }
}
