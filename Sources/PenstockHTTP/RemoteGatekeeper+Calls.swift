package import PenstockCore
package import PenstockGatekeeper
internal import PenstockJSON
internal import Synchronization

/// What is asked through the door.
extension RemoteGatekeeper {
    package func check(_ call: Call, patience: Duration) async -> Decision {
        guard let credential = text(call.credential) else { return Decision(reason: .unknownCredential) }
        guard call.holds else { return await ask(call, credential, patience: patience) }
        watch.withLock { $0.began(call.credential) }
        let decision = await hold(call, credential, patience: patience)
        let isOpen = decision.isAllow && !decision.permitID.isEmpty
        let idle = watch.withLock { watch -> [Task<Void, Never>] in
            if isOpen { watch.holds[decision.permitID] = call.credential }
            return isOpen ? [] : watch.ended(call.credential)
        }
        for task in idle { task.cancel() }
        return decision
    }

    private func hold(_ call: Call, _ credential: String, patience: Duration) async -> Decision {
        // Read before the question: whatever breaks from then on counts.
        guard let before = await watched(call.credential, within: patience) else {
            let (problem, isFull) = watch.withLock { ($0.problems[call.credential], $0.isFull(call.credential)) }
            if isFull {
                return Decision(
                    reason: .busy,
                    detail: "calls under way with \(Self.mostStreams) credentials before this one are told of still")
            }
            // It tells a stranger nothing, but why a call would be denied.
            let reason = problem?.isRefused == true ? await preview(call).reason : .noView
            return Decision(reason: reason == .none ? .noView : reason, detail: problem?.text ?? away)
        }
        let decision = await ask(call, credential, patience: patience)
        if decision.isAllow, watch.withLock({ $0.broken != before }) {
            // Its cancellation may have gone by.
            try? await release(decision.permitID)
            return Decision(reason: .noView)
        }
        return decision
    }

    private func ask(_ call: Call, _ credential: String, patience: Duration) async -> Decision {
        let askedAt = ContinuousClock.now
        let path = call.holds ? "/v1/holds" : "/access/v1/evaluation"
        guard
            let answer = await post(
                path, EvaluationCodec.json(call, patience: patience).bytes, credential, within: patience + .seconds(1))
        else {
            return Decision(reason: .noView, detail: away)
        }
        // Its connection asks for too much at once that the node cannot tell from a stranger's.
        if answer.status == 429 { return Decision(reason: .busy, retryAfterMS: HTTPLimits.strangersRetryMS) }
        if (400..<500).contains(answer.status) { return Decision(reason: .malformed) }
        guard answer.status == 200, let json = try? JSONParser.parse(answer.body),
            var decision = EvaluationCodec.decision(json)
        else {
            return Decision(reason: .noView)
        }
        let elapsed = ContinuousClock.now - askedAt
        decision.validForMS = Self.left(of: decision.validForMS, after: elapsed)
        decision.openForMS = Self.left(of: decision.openForMS, after: elapsed)
        return decision
    }

    /// A permit's time counts from when the caller asked: how long the answer took to come is not known otherwise.
    static func left(of milliseconds: Int64, after elapsed: Duration) -> Int64 {
        let (seconds, attoseconds) = elapsed.components
        return max(0, milliseconds - seconds * 1_000 - attoseconds / 1_000_000_000_000_000 - 1)
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
        // Whatever becomes of its charge, the call is over.
        defer { for task in watch.withLock({ $0.over(permitID) }) { task.cancel() } }
        let credential = watch.withLock { $0.known[0].text }
        guard let answer = await post("/v1/holds/\(permitID)/\(how)", body, credential, within: .seconds(5)) else {
            throw .unreachable
        }
        switch answer.status {
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
        guard
            let answer = await post(
                "/v1/preview", EvaluationCodec.json(call, patience: .zero).bytes, credential, within: .seconds(3))
        else {
            return Preview(reason: .noView, detail: away)
        }
        if answer.status == 429 { return Preview(reason: .busy) }
        // What it takes for no question is no call that it would allow.
        if (400..<500).contains(answer.status) { return Preview(reason: .malformed) }
        guard answer.status == 200, let json = try? JSONParser.parse(answer.body),
            let preview = EvaluationCodec.preview(json)
        else {
            return Preview(
                reason: .noView, detail: "the enforcer at \(endpoint) answers in a way that this version does not know")
        }
        return preview
    }

    var away: String { "the enforcer at \(endpoint) cannot be reached" }

    /// Whether anything answers as an enforcer there, fit to decide or not.
    package func isReachable() async -> Bool {
        let answer = try? await client.ask(.init(path: "/livez"), within: .seconds(2))
        return answer?.status == 200
    }

    private func post(_ path: String, _ body: [UInt8], _ credential: String, within time: Duration) async -> DoorClient
        .Answer?
    {
        let question = DoorClient.Question(path: path, credential: credential, body: body)
        return try? await client.ask(question, within: max(.zero, min(time, .milliseconds(HTTPLimits.patienceMS))))
    }
}
