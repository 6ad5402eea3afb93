internal import PenstockCore
internal import PenstockCrypto
internal import PenstockGatekeeper
internal import PenstockHTTP
internal import PenstockJSON

/// JSON, the questions and answers in it, and the stream of cancellations.
enum Texts {
    static func json(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let strict = try? JSONParser.parse(bytes)
        let lenient = try? JSONParser.parse(bytes, .lenient)
        try law(strict == nil || strict?.bytes == lenient?.bytes, "the strict and the lenient reader differ")
        if let lenient { try again(lenient, .lenient) }
        guard let strict else { return false }
        try again(strict, .strict)
        let canonical = strict.canonicalBytes
        try law((try? JSONParser.parse(canonical))?.canonicalBytes == canonical, "the canonical form is not its own")
        _ = (strict.int64, strict.uint64, strict.setting("a", .null))
        return true
    }

    private static func again(_ json: JSON, _ mode: JSONParser.Mode) throws(Broken) {
        let bytes = json.bytes
        try law((try? JSONParser.parse(bytes, mode))?.bytes == bytes, "JSON changes when it is written again")
    }

    private static let hashing = Hashing(hash: { SHA256.hash($0) }, credentialDigest: { Credential.digest(of: $0) })

    /// Before a NUL, which no body can have, stand the headers `authorization` and `traceparent`, a line each.
    static func evaluation(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts.count > 1 ? parts[0].split(separator: 10).map { String(decoding: $0, as: UTF8.self) } : []
        let headers = EvaluationCodec.Headers(authorization: lines.first, traceparent: lines.dropFirst().first)
        if let traceparent = headers.traceparent { _ = TraceParent.traceID(traceparent) }
        guard
            let question = try? EvaluationCodec.question(
                Array(parts.last ?? []), headers: headers, holds: true, hashing: hashing)
        else { return false }
        let call = question.call
        let asked = EvaluationCodec.json(call, patience: question.patience ?? .zero).bytes
        guard let again = try? EvaluationCodec.question(asked, headers: .init(), holds: true, hashing: hashing) else {
            // What is asked of the next gatekeeper has properties among the attributes, whose names may be equal then.
            throw Broken(description: "a question that was taken is refused when it is asked on")
        }
        let same =
            again.call.action == call.action && again.call.resourceType == call.resourceType
            && again.call.resourceID == call.resourceID
        try law(
            same && again.call.attributes == call.attributes && again.call.lists == call.lists
                && again.call.linearizable == call.linearizable && again.call.amounts.list == call.amounts.list,
            "a question changes when it is asked on")
        let marks =
            again.call.callID == call.callID && again.call.argumentsDigest == call.argumentsDigest
            && again.call.atLeast == call.atLeast
        try law(
            marks && again.call.traceID == call.traceID && again.patience == question.patience ?? .zero,
            "a question's marks change when it is asked on")
        return true
    }

    /// What a remote gatekeeper answers.
    static func answer(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let json = try? JSONParser.parse(bytes) else { return false }
        if let cancellation = EvaluationCodec.cancellation(json) {
            let again = EvaluationCodec.cancellation(EvaluationCodec.json(cancellation))
            try law(again == cancellation, "a cancellation changes when it is told on")
        }
        if let preview = EvaluationCodec.preview(json) {
            try law(EvaluationCodec.preview(EvaluationCodec.json(preview)) == preview, "a preview changes")
        }
        guard let decision = EvaluationCodec.decision(json) else { return false }
        try law(!decision.isAllow || json["decision"]?.flag == true, "a denial is read as an allow")
        // A permit's length is added to a clock's milliseconds, whoever states it.
        try law(
            (0...HTTPLimits.permitMS).contains(decision.validForMS), "a permit is good for \(decision.validForMS) ms")
        try law((0...HTTPLimits.holdMS).contains(decision.openForMS), "a hold is open for \(decision.openForMS) ms")
        let again = EvaluationCodec.decision(EvaluationCodec.json(decision))
        try law(
            again?.reason == decision.reason && again?.decisionID == decision.decisionID
                && again?.remaining == decision.remaining, "a decision changes when it is told on")
        return true
    }

    /// However the bytes arrive, the events are the same.
    static func stream(_ bytes: [UInt8]) throws(Broken) -> Bool {
        var whole = EventStreamParser()
        let events = whole.read(bytes)
        var parted = EventStreamParser()
        var pieces: [EventStreamParser.Event] = []
        let step = Int(bytes.first ?? 0) % 7 + 1
        for start in stride(from: 0, to: bytes.count, by: step) {
            pieces += parted.read(bytes[start..<min(start + step, bytes.count)])
        }
        try law(pieces == events && parted.isBroken == whole.isBroken, "the events depend on how the bytes arrive")
        return !events.isEmpty
    }
}
