internal import HTTPTypes
internal import Hummingbird
internal import PenstockCore
internal import PenstockGatekeeper

/// Who asks, and about whom.
extension DoorResponder {
    /// Health and metadata are anybody's, and behind a proxy the agent shows its own credential.
    func trust(_ request: Request, _ route: Route) throws(EvaluationCodec.Problem) -> Trust {
        guard strangers.door == .tcp else { return .socket }
        guard let callers = options.callers else { return .none }
        switch route {
        case .live, .ready, .configuration, .authorize: return .none
        default: break
        }
        guard let key = EvaluationCodec.token(request.headers.only(.authorization)),
            callers.has(hashing.hash(Array(key.utf8)))
        else {
            throw EvaluationCodec.Problem(401, "callers of this door show their key, as 'Authorization: Bearer KEY'")
        }
        return .key
    }

    /// A question as it is decided: with the credential that it shows or, where the caller is trusted to know whom it
    /// asks about, that of a grant of its subject. Of several grants it is the first that would allow the call.
    func named(_ question: EvaluationCodec.Question, _ context: DoorContext) async throws(EvaluationCodec.Problem)
        -> (call: Call, isBySubject: Bool)
    {
        guard mayBeBySubject(question, context), let directory = options.directory,
            let kind = options.subjects[question.subject.type]
        else { return (question.call, false) }
        var call = question.call
        guard let credentials = await directory.credentials(of: kind, question.subject.id) else { throw Self.tooMuch }
        var chosen = credentials.first
        if credentials.count > 1, let first = await directory.credential(among: credentials, allowing: call) {
            chosen = first
        }
        call.credential = chosen ?? .zero
        return (call, true)
    }

    func mayBeBySubject(_ question: EvaluationCodec.Question, _ context: DoorContext) -> Bool {
        !question.hasCredential && context.trust != .none && options.directory != nil
            && options.subjects[question.subject.type] != nil
    }

    static let tooMuch = EvaluationCodec.Problem(
        400, "the subject has more than \(Limits.grantsPerSubject) live grants: name one by its credential")
}
