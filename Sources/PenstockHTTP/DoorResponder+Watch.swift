internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PenstockCore
internal import PenstockGatekeeper

// MARK: - Events, health, metrics

extension DoorResponder {
    func events(_ request: Request, _ context: DoorContext) throws -> Response {
        let (channel, credential) = (context.channel, try watcher(request, context))
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        func whole<T>(_ result: Result<T, EventHub.Refusal>) throws(EvaluationCodec.Problem) -> T {
            do { return try result.get() } catch {
                switch error {
                case .notLive: throw EvaluationCodec.Problem(503, "cancellations cannot be told now")
                case .full:
                    throw EvaluationCodec.Problem(
                        503,
                        "too many streams are open, at most \(HTTPLimits.eventClientsOfCredential) with one credential")
                }
            }
        }
        guard request.method != .head else {
            try whole(hub.admits(credential))
            return Response(status: .ok, headers: headers)
        }
        let (id, events) = try whole(hub.join(credential, drop: { channel.close(promise: nil) }))
        connections.streaming(channel)
        let body = ResponseBody { writer in
            defer { hub.leave(id) }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await writer.write(ByteBuffer(string: ": subscribed\n\n"))
                for await event in events { try await writer.write(event) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    /// Who may watch: whoever can open the socket's file, and elsewhere whoever has a credential that the node knows.
    private func watcher(_ request: Request, _ context: DoorContext) throws(EvaluationCodec.Problem) -> Digest {
        let credential =
            EvaluationCodec.bearer(request.headers[.authorization]).flatMap(hashing.credentialDigest) ?? .zero
        guard strangers.door != .unixSocket else { return credential }
        guard gatekeeper.health().viewApplied else {
            throw EvaluationCodec.Problem(503, "cancellations cannot be told now")
        }
        guard credential != .zero, gatekeeper.mayKnow(credential) else {
            throw EvaluationCodec.Problem(
                401, "the stream needs a credential that is known here, as 'Authorization: Bearer pst_…'")
        }
        strangers.know(context.channel)
        return credential
    }

    func ready(_ request: Request) -> Response {
        let health = gatekeeper.health()
        let checks = [
            ("view applied", health.viewApplied), ("lease held", health.leaseHeld),
            ("journal writable", health.journalWritable),
            (health.halted.map { "halted: \($0)" } ?? "not halted", health.halted == nil),
        ]
        let isVerbose =
            request.uri.query?.split(separator: "&").contains { $0 == "verbose" || $0.hasPrefix("verbose=") } ?? false
        let lines = checks.filter { isVerbose || !$0.1 }.map { "[\($0.1 ? "+" : "-")] \($0.0)\n" }
        return plain(health.isReady ? 200 : 503, lines.joined() + (health.isReady ? "ready\n" : "not ready\n"))
    }
}
