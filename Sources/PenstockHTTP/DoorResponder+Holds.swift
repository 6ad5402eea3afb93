internal import HTTPTypes
internal import Hummingbird
internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// How holds end.
extension DoorResponder {
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

    private func ended(_ end: () async throws -> Void) async throws -> Response {
        do {
            try await end()
            return Response(status: .noContent)
        } catch let error as HoldError {
            return switch error {
            case .unknownHold: Self.problem(404, "no such hold here, or it was ended before")
            case .malformed: Self.problem(400, "too many amounts, or a unit without a name")
            case .overLimit:
                Self.problem(400, "an amount is at most \(Limits.amount); nothing is changed, and the hold stands")
            case .notCharged(let unit):
                Self.problem(
                    409,
                    """
                    \(unit.isEmpty ? "a unit" : "'\(unit.prefix(64))'") was not held, and no budget of the grant \
                    has it; nothing is changed
                    """
                )
            case .alreadySettled: Self.problem(410, "the hold was settled before")
            case .alreadyReleased: Self.problem(410, "the hold was released before")
            case .overdue:
                Self.problem(
                    410, "the hold was open for more than an hour after its permit ended, and was charged in full")
            case .otherNode:
                Self.problem(
                    421, "another node gave this permit, or an earlier run of this one: end it where it was given")
            case .unrecordable: Self.problem(503, "the end cannot be recorded; the hold stays charged")
            case .unreachable: Self.problem(503, "the node that holds it cannot be reached")
            }
        }
    }
}
