internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PenstockCore
internal import PenstockEnforcer

// MARK: - Decisions

extension DoorResponder {
    func evaluate(_ request: Request, _ context: DoorContext, holds: Bool) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        return try await decide(EvaluationCodec.question(json, headers: headers(request), holds: holds, hashing: hashing), context)
    }

    /// As long as its client is there: whoever waits and goes is not decided about.
    private func decide(_ question: EvaluationCodec.Question, _ context: DoorContext) async throws -> Response {
        try admit([question.call.credential], context)
        let patience = question.patience ?? patience
        let decision = await connections.attend(context.channel) { await gatekeeper.check(question.call, patience: patience) }
        return answer(200, EvaluationCodec.json(decision))
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

    func evaluateAll(_ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.batchBytes))
        let headers = headers(request)
        guard let batch = try EvaluationCodec.batch(json, headers: headers, hashing: hashing) else {
            return try await decide(EvaluationCodec.question(json, headers: headers, holds: false, hashing: hashing), context)
        }
        // An item that is no question counts as one that nobody stands behind.
        try admit(batch.items.map { (try? $0.get().call.credential) ?? .zero }, context)
        let until = ContinuousClock.now + HTTPLimits.answerTime
        let answers = await connections.attend(context.channel) { await self.answers(batch, until: until) }
        return answer(200, .members(["evaluations": .array(answers)]))
    }

    /// One after another: a later item may depend on what an earlier one has spent. All share the time of one request, and
    /// after the first, none is decided once the client has gone.
    private func answers(_ batch: EvaluationCodec.Batch, until: ContinuousClock.Instant) async -> [JSON] {
        var answers: [JSON] = []
        for item in batch.items {
            var isAllow = false
            let left = until - .now
            switch item {
            case .success where left <= .zero: answers.append(EvaluationCodec.json(Self.overdue))
            case .success where Task.isCancelled && !answers.isEmpty: answers.append(EvaluationCodec.json(Self.unheard))
            case .success(let question):
                let decision = await gatekeeper.check(question.call, patience: min(left, question.patience ?? patience))
                isAllow = decision.isAllow
                answers.append(EvaluationCodec.json(decision))
            case .failure(let problem): answers.append(EvaluationCodec.json(problem))
            }
            if batch.semantic.ends(with: isAllow) { break }
        }
        return answers
    }

    private static let overdue = EvaluationCodec.Problem(
        503, "neither decided nor charged: the questions before it took all of the \(HTTPLimits.answerTime.components.seconds) s that a request has")
    private static let unheard = EvaluationCodec.Problem(503, "neither decided nor charged: the client has closed its side, or the node stops")

    func settle(_ permitID: String, _ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        guard json.members != nil else { throw EvaluationCodec.Problem(400, "the body must be a JSON object") }
        let amounts = try EvaluationCodec.amounts(EvaluationCodec.present(json["amounts"]) ?? .object([]))
        let priced = try EvaluationCodec.priced(json, in: "")
        return try await ended { try await gatekeeper.settle(permitID, actual: amounts, priced: priced) }
    }

    /// Whatever its body says, which need not be there, nor ever come whole.
    func release(_ permitID: String, _ request: Request, _ context: DoorContext) async throws -> Response {
        let response = try await ended { try await gatekeeper.release(permitID) }
        _ = try? await read(request, context, upTo: HTTPLimits.bodyBytes)
        return response
    }

    func preview(_ request: Request, _ context: DoorContext) async throws -> Response {
        let json = try EvaluationCodec.parse(try await body(request, context, upTo: HTTPLimits.bodyBytes))
        let question = try EvaluationCodec.question(json, headers: headers(request), holds: false, hashing: hashing)
        try admit([question.call.credential], context)
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

    private func body(_ request: Request, _ context: DoorContext, upTo limit: Int) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
        guard type.filter({ $0 != " " }) == "application/json" else {
            throw EvaluationCodec.Problem(415, "Content-Type must be application/json")
        }
        return try await read(request, context, upTo: limit)
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
