internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// What one request came in on.
struct DoorContext: InitializableFromSource {
    let channel: any Channel
    var trust = Trust.none

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
    let options: HTTPDoorOptions
    let strangers: Strangers
    let names: HostNames
    /// Of every door of this process, for the metrics.
    let doors: [Strangers]
    /// Of the port.
    let tls: TLSFiles?

    func respond(to request: Request, context: DoorContext) async throws -> Response {
        var response: Response
        do {
            if strangers.door == .tcp { try names.check(request, isRelayed: request.uri.path == Route.authorizePath) }
            response = try await route(request, context)
        } catch let problem as EvaluationCodec.Problem {
            let isTaken = problem.status == 429 || strangers.takes(1, from: context.channel)
            response = refuse(isTaken ? problem : Self.tooMany, request)
        }
        if connections.answersLast(context.channel, hasBody: request.hasBody) {
            response.headers[.connection] = "close"
        }
        if let id = request.headers[Self.requestID] { response.headers[Self.requestID] = id }
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// AuthZEN asks for a message string; our own paths follow RFC 9457.
    private func refuse(_ problem: EvaluationCodec.Problem, _ request: Request) -> Response {
        var response =
            request.uri.path.hasPrefix("/access/v1/")
            ? answer(problem.status, .string(problem.message)) : Self.problem(problem.status, problem.message)
        if problem.status == 429 { response.headers[.retryAfter] = "\(HTTPLimits.strangersRetryMS / 1000)" }
        if problem.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    private static let requestID = HTTPField.Name("X-Request-ID")!  // A token (RFC 9110 section 5.1).
    static let traceparent = HTTPField.Name("traceparent")!  // Likewise.

    static let tooMany = EvaluationCodec.Problem(
        429, "too many questions without a credential that is known here; ask again later")

    private var scheme: String { strangers.door == .tcp && tls != nil ? "https://" : "http://" }
    private var tlsMetrics: [Metric] { tls?.metrics ?? [] }

    private func route(_ request: Request, _ context: DoorContext) async throws -> Response {
        guard let route = Route(path: request.uri.path) else {
            return Self.problem(404, "there is nothing at this path")
        }
        guard route.methods.contains(request.method) else {
            let allowed = route.methods.map(\.rawValue).joined(separator: ", ")
            var response = Self.problem(405, "only \(allowed) is served here")
            response.headers[.allow] = allowed
            return response
        }
        var context = context
        context.trust = try trust(request, route)
        guard route.methods.contains(.get) || context.trust == .key || strangers.admits(context.channel) else {
            // On a new connection it could ask again: this one is kept, as far as the request ends.
            _ = try? await read(request, context, upTo: HTTPLimits.batchBytes)
            throw Self.tooMany
        }
        switch route {
        case .evaluation: return try await evaluate(request, context, holds: false)
        case .evaluations: return try await evaluateAll(request, context)
        case .search(let wanted): return try await search(wanted, request, context)
        case .configuration:
            let base = scheme + names.base(request)
            return answer(200, EvaluationCodec.configuration(base, searches: options.directory != nil))
        case .authorize: return try await authorize(request, context)
        case .hold: return try await evaluate(request, context, holds: true)
        case .settle(let permitID): return try await settle(permitID, request, context)
        case .release(let permitID): return try await release(permitID, request, context)
        case .preview: return try await preview(request, context)
        case .events: return try events(request, context)
        case .live: return plain(200, "ok\n")
        case .ready: return ready(request)
        case .metrics:
            return plain(
                200, Exposition.text(gatekeeper.metrics() + doors.map(\.metric) + tlsMetrics),
                type: Exposition.contentType)
        }
    }
}

extension Request {
    /// RFC 9112 section 6.3.
    fileprivate var hasBody: Bool { headers[.transferEncoding] != nil || (headers[.contentLength] ?? "0") != "0" }
}
