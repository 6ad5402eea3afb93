internal import HTTPTypes
internal import Hummingbird
internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// What a proxy asks before it lets a request pass: nginx `auth_request`, Traefik ForwardAuth, Caddy `forward_auth`.
///
/// The action is the request's method; the resource is `http:HOST/PATH`. Whatever is not 200 keeps the request from the
/// server behind the proxy.
extension DoorResponder {
    func authorize(_ request: Request, _ context: DoorContext) async throws -> Response {
        guard let peer = ProxiedRequest.peer(request.headers) else {
            throw EvaluationCodec.Problem(
                403,
                "either X-Original-Method, -Host and -URI or X-Forwarded-Method, -Host and -Uri must say the request")
        }
        let authorization = request.headers.only(.authorization)
        let credential = EvaluationCodec.bearer(authorization).flatMap(hashing.credentialDigest) ?? .zero
        // The certificate of the channel is the proxy's, and proves nothing of whose request it asks about.
        var call = Call(
            Presented(credential), action: "", resourceType: "http", resourceID: "", door: strangers.door)
        call.traceID = request.headers[Self.traceparent].flatMap(TraceParent.traceID) ?? .unknown
        let malformed = fill(&call, request.headers, peer)
        do { try admit([credential], context) } catch {
            return denial(error.status, error.message, [], retryAfterMS: HTTPLimits.strangersRetryMS, for: peer)
        }
        let asked = call
        let decision = await connections.attend(context.channel) {
            await gatekeeper.check(asked, patience: options.patience)
        }
        guard decision.isAllow, malformed == nil else {
            return denial(decision, malformed, hasCredential: authorization != nil, for: peer)
        }
        var response = Response(status: .ok, headers: [.cacheControl: "no-store", .contentLength: "0"])
        tell(decision, in: &response)
        return response
    }

    /// What the call asks for; why it cannot be said, where it cannot.
    private func fill(_ call: inout Call, _ headers: HTTPFields, _ peer: ProxiedRequest.Peer) -> String? {
        do throws(ProxiedRequest.Malformed) {
            let asked = try ProxiedRequest(headers, of: peer)
            (call.action, call.resourceID) = (asked.method, asked.resourceID)
            call.attributes = ["http.method": asked.method, "http.host": asked.host, "http.path": asked.target.path]
            call.attributes["http.query"] = asked.target.query
            call.argumentsDigest = hashing.hash(
                Array("\(asked.method) \(asked.resourceID)?\(asked.target.query ?? "")".utf8))
            return nil
        } catch {
            call.isMalformed = true
            return error.text
        }
    }

    private func denial(
        _ decision: Decision, _ malformed: String?, hasCredential: Bool, for peer: ProxiedRequest.Peer
    ) -> Response {
        let reason = decision.isAllow ? .malformed : decision.reason
        let (status, error) = Self.meaning(of: reason, isTransient: decision.isTransient)
        let members: [JSON.Member] = [
            .init("reason", .string(reason.name)), .init("reason_code", .integer(reason.rawValue)),
            .init("transient", .bool(decision.isTransient)),
        ]
        var response = denial(
            status, malformed ?? "the request is denied: \(reason.name)", members,
            retryAfterMS: decision.retryAfterMS, for: peer)
        if let error {
            let challenge = hasCredential ? "Bearer error=\"\(error)\", error_description=\"\(reason.name)\"" : "Bearer"
            response.headers[.wwwAuthenticate] = challenge
        }
        tell(decision, in: &response)
        response.headers[Self.decisionReason] = reason.name
        return response
    }

    /// - Parameter status: what it is by RFC 6750 section 3.1 and RFC 6585 section 4; nginx hears 401 or 403.
    private func denial(
        _ status: Int, _ detail: String, _ members: [JSON.Member], retryAfterMS: Int64, for peer: ProxiedRequest.Peer
    ) -> Response {
        var response = Self.problem(peer == .nginx && status != 401 ? 403 : status, detail, members)
        response.headers[.cacheControl] = "no-store"
        if retryAfterMS > 0 { response.headers[.retryAfter] = "\((retryAfterMS - 1) / 1000 + 1)" }
        return response
    }

    /// A status, and the `error` of its challenge.
    private static func meaning(of reason: Reason, isTransient: Bool) -> (status: Int, error: String?) {
        switch reason {
        case .unknownCredential, .credentialMismatch, .revoked, .expired: (401, "invalid_token")
        case .actionNotAllowed, .resourceOutOfBounds: (403, "insufficient_scope")
        case .malformed: (400, nil)
        case .noView, .staleView, .unrecordable: (503, nil)
        case .rateLimited, .busy, .budgetPending, .budgetHeldElsewhere: (429, nil)
        case .budgetExhausted: (isTransient ? 429 : 403, nil)
        default: (403, nil)
        }
    }

    /// For the proxy, and for the server behind it.
    private func tell(_ decision: Decision, in response: inout Response) {
        if !decision.decisionID.isEmpty { response.headers[Self.decisionID] = decision.decisionID }
        // An id may be any text; a header may not.
        for (name, id) in [(Self.decisionGrant, decision.grantID), (Self.decisionRun, decision.runID)]
        where !id.isEmpty && id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            response.headers[name] = id
        }
    }

    private static let decisionID = HTTPField.Name("X-Decision-Id")!  // A token (RFC 9110 section 5.1).
    private static let decisionReason = HTTPField.Name("X-Decision-Reason")!  // Likewise.
    private static let decisionGrant = HTTPField.Name("X-Decision-Grant")!  // Likewise.
    private static let decisionRun = HTTPField.Name("X-Decision-Run")!  // Likewise.
}
