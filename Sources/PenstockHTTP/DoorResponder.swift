internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
import PenstockCore
internal import PenstockEnforcer

/// What one request came in on.
struct DoorContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}

/// Routes, and turns whatever goes wrong into an answer.
struct DoorResponder: HTTPResponder {
    let gatekeeper: any Gatekeeper & Observable
    let hashing: Hashing
    let hub: EventHub
    let connections: Connections
    let patience: Duration
    let strangers: Strangers
    /// Of every door of this process, for the metrics.
    let doors: [Strangers]

    func respond(to request: Request, context: DoorContext) async throws -> Response {
        var response: Response
        do {
            response = try await route(request, context)
        } catch let problem as EvaluationCodec.Problem {
            let isTaken = problem.status == 429 || strangers.takes(1, from: context.channel)
            response = refuse(isTaken ? problem : Self.tooMany, request)
        }
        if let name = HTTPField.Name("X-Request-ID"), let id = request.headers[name] { response.headers[name] = id }
        return response
    }

    /// AuthZEN asks for a message string; our own paths follow RFC 9457.
    private func refuse(_ problem: EvaluationCodec.Problem, _ request: Request) -> Response {
        var response =
            request.uri.path.hasPrefix("/access/v1/")
            ? answer(problem.status, .string(problem.message)) : Self.problem(problem.status, problem.message)
        if problem.status == 429 { response.headers[.retryAfter] = "\(HTTPLimits.strangersRetryMS / 1000)" }
        return response
    }

    private static let tooMany = EvaluationCodec.Problem(429, "too many questions without a credential that is known here; ask again later")

    private func route(_ request: Request, _ context: DoorContext) async throws -> Response {
        guard let route = Route(path: request.uri.path) else { return Self.problem(404, "there is nothing at this path") }
        guard request.method == route.method else {
            var response = Self.problem(405, "only \(route.method.rawValue) is served here")
            response.headers[.allow] = route.method.rawValue
            return response
        }
        guard route.method == .get || strangers.admits(context.channel) else { throw Self.tooMany }
        switch route {
        case .evaluation: return try await evaluate(request, context, holds: false)
        case .evaluations: return try await evaluateAll(request, context)
        case .configuration: return answer(200, EvaluationCodec.configuration(Self.base(request)))
        case .hold: return try await evaluate(request, context, holds: true)
        case .settle(let permitID): return try await settle(permitID, request, context)
        case .release(let permitID): return try await release(permitID)
        case .preview: return try await preview(request, context)
        case .events: return events(request, context)
        case .live: return plain(200, "ok\n")
        case .ready: return ready(request)
        case .metrics: return plain(200, Exposition.text(gatekeeper.metrics() + doors.map(\.metric)), type: Exposition.contentType)
        }
    }
}

// MARK: - Decisions

extension DoorResponder {
    private func evaluate(_ request: Request, _ context: DoorContext, holds: Bool) async throws -> Response {
        let question = try await question(request, context, holds: holds)
        return answer(200, EvaluationCodec.json(await gatekeeper.check(question.call, patience: question.patience ?? patience)))
    }

    private func question(_ request: Request, _ context: DoorContext, holds: Bool) async throws -> EvaluationCodec.Question {
        let question = try EvaluationCodec.question(try await body(request, context), headers: headers(request), holds: holds, hashing: hashing)
        try admit([question.call.credential], context)
        return question
    }

    /// What would be decided only to be denied is bounded; questions with credentials that are known are not.
    private func admit(_ credentials: [Digest], _ context: DoorContext) throws(EvaluationCodec.Problem) {
        let unknown = credentials.count { !gatekeeper.mayKnow($0) }
        if unknown < credentials.count { strangers.know(context.channel) }
        guard unknown == 0 || strangers.takes(unknown, from: context.channel) else { throw Self.tooMany }
    }

    private func headers(_ request: Request) -> EvaluationCodec.Headers {
        let trace = HTTPField.Name("traceparent").flatMap { request.headers[$0] }
        return .init(authorization: request.headers[.authorization], traceparent: trace, door: strangers.door)
    }

    /// One after another: a later item may depend on what an earlier one has spent.
    private func evaluateAll(_ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context))
        let headers = headers(request)
        guard let batch = try EvaluationCodec.batch(json, headers: headers, hashing: hashing) else {
            let question = try EvaluationCodec.question(json, headers: headers, holds: false, hashing: hashing)
            try admit([question.call.credential], context)
            return answer(200, EvaluationCodec.json(await gatekeeper.check(question.call, patience: question.patience ?? patience)))
        }
        // An item that is no question counts as one that nobody stands behind.
        try admit(batch.items.map { (try? $0.get().call.credential) ?? .zero }, context)
        var answers: [JSON] = []
        for item in batch.items {
            var isAllow = false
            switch item {
            case .success(let question):
                let decision = await gatekeeper.check(question.call, patience: question.patience ?? patience)
                isAllow = decision.isAllow
                answers.append(EvaluationCodec.json(decision))
            case .failure(let problem): answers.append(EvaluationCodec.json(problem))
            }
            if batch.semantic.ends(with: isAllow) { break }
        }
        return answer(200, .members(["evaluations": .array(answers)]))
    }

    /// As the caller names this door.
    private static func base(_ request: Request) -> String {
        let host = request.head.authority ?? "localhost"
        return "http://" + (host.utf8.allSatisfy { (33...126).contains($0) && !"\"<>\\/?#@".utf8.contains($0) } ? host : "localhost")
    }

    private func settle(_ permitID: String, _ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context))
        guard json.members != nil else { throw EvaluationCodec.Problem(400, "the body must be a JSON object") }
        let amounts = try EvaluationCodec.amounts(json["amounts"] ?? .object([]))
        let priced = try EvaluationCodec.priced(json, in: "")
        return try await ended { try await gatekeeper.settle(permitID, actual: amounts, priced: priced) }
    }

    private func release(_ permitID: String) async throws -> Response {
        try await ended { try await gatekeeper.release(permitID) }
    }

    private func preview(_ request: Request, _ context: DoorContext) async throws -> Response {
        let question = try await question(request, context, holds: false)
        return answer(200, EvaluationCodec.json(await gatekeeper.preview(question.call)))
    }

    private func ended(_ end: () async throws -> Void) async throws -> Response {
        do {
            try await end()
            return Response(status: .noContent)
        } catch let error as HoldError {
            return switch error {
            case .unknownHold: Self.problem(404, "no such hold here, or it was ended before")
            case .malformed: Self.problem(400, "too many amounts, or a unit without a name")
            case .overLimit: Self.problem(400, "an amount is at most \(Limits.amount); nothing is changed, and the hold stands")
            case .notCharged(let unit):
                Self.problem(409, "\(unit.isEmpty ? "a unit" : "'\(unit.prefix(64))'") was not held, and no budget of the grant has it; nothing is changed")
            case .alreadySettled: Self.problem(410, "the hold was settled before")
            case .alreadyReleased: Self.problem(410, "the hold was released before")
            case .overdue: Self.problem(410, "the hold was open for more than an hour after its permit ended, and was charged in full")
            case .otherNode: Self.problem(421, "another node gave this permit, or an earlier run of this one: end it where it was given")
            case .unrecordable: Self.problem(503, "the end cannot be recorded; the hold stays charged")
            case .unreachable: Self.problem(503, "the node that holds it cannot be reached")
            }
        }
    }

    private func body(_ request: Request, _ context: DoorContext) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
        guard type.filter({ $0 != " " }) == "application/json" else {
            throw EvaluationCodec.Problem(415, "Content-Type must be application/json")
        }
        do {
            let body = Array(buffer: try await request.body.collect(upTo: HTTPLimits.bodyBytes))
            connections.answering(context.channel)
            return body
        } catch is NIOTooManyBytesError {
            throw EvaluationCodec.Problem(413, "the body is larger than \(HTTPLimits.bodyBytes) bytes")
        }
    }
}

// MARK: - Events, health, metrics

extension DoorResponder {
    private func events(_ request: Request, _ context: DoorContext) -> Response {
        let channel = context.channel
        guard let (id, events) = hub.join(drop: { channel.close(promise: nil) }) else {
            return Self.problem(503, "cancellations cannot be told now")
        }
        connections.streaming(channel)
        let body = ResponseBody { writer in
            defer { hub.leave(id) }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await writer.write(ByteBuffer(string: ": subscribed\n\n"))
                for await event in events { try await writer.write(event) }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    private func ready(_ request: Request) -> Response {
        let health = gatekeeper.health()
        let checks = [
            ("view applied", health.viewApplied), ("lease held", health.leaseHeld), ("journal writable", health.journalWritable),
            (health.halted.map { "halted: \($0)" } ?? "not halted", health.halted == nil),
        ]
        let isVerbose = request.uri.query?.split(separator: "&").contains { $0 == "verbose" || $0.hasPrefix("verbose=") } ?? false
        let lines = checks.filter { isVerbose || !$0.1 }.map { "[\($0.1 ? "+" : "-")] \($0.0)\n" }
        return plain(health.isReady ? 200 : 503, lines.joined() + (health.isReady ? "ready\n" : "not ready\n"))
    }
}

// MARK: - Answers

extension DoorResponder {
    private func answer(_ status: Int, _ json: JSON) -> Response {
        Response(status: Self.status(status), headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    /// With its phrase, which a bare number does not have.
    private static func status(_ code: Int) -> HTTPResponse.Status {
        let known: [HTTPResponse.Status] = [
            .ok, .badRequest, .notFound, .methodNotAllowed, .conflict, .gone, .contentTooLarge, .unsupportedMediaType, .misdirectedRequest,
            .serviceUnavailable, .tooManyRequests,
        ]
        return known.first { $0.code == code } ?? .internalServerError
    }

    private func plain(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: Self.status(status), headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// RFC 9457: without a `type` of its own, `title` is the phrase of the status.
    private static func problem(_ status: Int, _ detail: String) -> Response {
        let status = Self.status(status)
        let json = JSON.members([
            "type": .string("about:blank"), "title": .string(status.reasonPhrase), "status": .integer(status.code), "detail": .string(detail),
        ])
        return Response(
            status: status, headers: [.contentType: "application/problem+json"], body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }
}
