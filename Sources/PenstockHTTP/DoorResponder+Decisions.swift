internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

// MARK: - Decisions

extension DoorResponder {
    func evaluate(_ request: Request, _ context: DoorContext, holds: Bool) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        return try await decide(
            EvaluationCodec.question(json, headers: headers(request, context), holds: holds, hashing: hashing), context)
    }

    /// As long as its client is there: whoever waits and goes is not decided about.
    private func decide(_ question: EvaluationCodec.Question, _ context: DoorContext) async throws -> Response {
        let (call, isBySubject) = try await named(question, context)
        if !isBySubject { try admit([call.credential], context) }
        let patience = question.patience ?? options.patience
        let decision = await connections.attend(context.channel) {
            await gatekeeper.check(call, patience: patience)
        }
        return answer(200, EvaluationCodec.json(decision))
    }

    /// What would be decided only to be denied is bounded; questions with credentials that are known are not.
    func admit(_ credentials: [Digest], _ context: DoorContext) throws(EvaluationCodec.Problem) {
        let unknown = credentials.count { !gatekeeper.mayKnow($0) }
        if unknown < credentials.count { strangers.know(context.channel) }
        guard unknown == 0 || strangers.takes(unknown, from: context.channel) else { throw Self.tooMany }
    }

    /// A caller's own key names no grant.
    func headers(_ request: Request, _ context: DoorContext) -> EvaluationCodec.Headers {
        .init(
            authorization: context.trust == .key ? nil : request.headers[.authorization],
            traceparent: request.headers[Self.traceparent],
            door: strangers.door, client: connections.client(context.channel))
    }

    func evaluateAll(_ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.batchBytes))
        let headers = headers(request, context)
        guard let batch = try EvaluationCodec.batch(json, headers: headers, hashing: hashing) else {
            return try await decide(
                EvaluationCodec.question(json, headers: headers, holds: false, hashing: hashing), context)
        }
        // An item that is no question counts as one that nobody stands behind.
        try admit(
            batch.items.compactMap { item in
                guard let question = try? item.get() else { return Digest.zero }
                return mayBeBySubject(question, context) ? nil : question.call.credential
            }, context)
        let until = ContinuousClock.now + HTTPLimits.answerTime
        let answers = await connections.attend(context.channel) { await self.answers(batch, context, until: until) }
        return answer(200, .members(["evaluations": .array(answers)]))
    }

    /// One after another: a later item may depend on what an earlier one has spent. All share the time of one request,
    /// and after the first, none is decided once the client has gone.
    private func answers(
        _ batch: EvaluationCodec.Batch, _ context: DoorContext, until: ContinuousClock.Instant
    ) async -> [JSON] {
        var answers: [JSON] = []
        for item in batch.items {
            var isAllow = false
            let left = until - .now
            switch item {
            case .success where left <= .zero: answers.append(EvaluationCodec.json(Self.overdue))
            case .success where Task.isCancelled && !answers.isEmpty: answers.append(EvaluationCodec.json(Self.unheard))
            case .success(let question):
                do throws(EvaluationCodec.Problem) {
                    let call = try await named(question, context).call
                    let patience = min(left, question.patience ?? options.patience)
                    let decision = await gatekeeper.check(call, patience: patience)
                    isAllow = decision.isAllow
                    answers.append(EvaluationCodec.json(decision))
                } catch {
                    answers.append(EvaluationCodec.json(error))
                }
            case .failure(let problem): answers.append(EvaluationCodec.json(problem))
            }
            if batch.semantic.ends(with: isAllow) { break }
        }
        return answers
    }

    private static let overdue = EvaluationCodec.Problem(
        503,
        """
        neither decided nor charged: the questions before it took all of the \
        \(HTTPLimits.answerTime.components.seconds) s that a request has
        """
    )
    private static let unheard = EvaluationCodec.Problem(
        503, "neither decided nor charged: the client has closed its side, or the node stops")

    func preview(_ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        let question = try EvaluationCodec.question(
            json, headers: headers(request, context), holds: false, hashing: hashing)
        try admit([question.call.credential], context)
        return answer(200, EvaluationCodec.json(await gatekeeper.preview(question.call)))
    }

    func body(_ request: Request, _ context: DoorContext, upTo limit: Int) async throws -> [UInt8] {
        guard let type = request.headers[.contentType], Self.isJSON(type) else {
            throw EvaluationCodec.Problem(415, "Content-Type must be application/json")
        }
        return try await read(request, context, upTo: limit)
    }

    private static func isJSON(_ type: String) -> Bool {
        if type == "application/json" { return true }
        let essence = type.split(separator: ";").first?.lowercased() ?? ""
        return essence.filter { $0 != " " } == "application/json"
    }

    /// All of a request's body, whatever it is.
    func read(_ request: Request, _ context: DoorContext, upTo limit: Int) async throws -> [UInt8] {
        do {
            let body = Array(buffer: try await request.body.collect(upTo: limit))
            connections.answering(context.channel)
            return body
        } catch is NIOTooManyBytesError {
            throw EvaluationCodec.Problem(413, "the body is larger than \(limit) bytes")
        }
    }
}
