package import PenstockCore
package import PenstockGatekeeper
package import PenstockJSON

/// Decisions, previews and cancellations.
extension EvaluationCodec {
    package static func json(_ decision: Decision) -> JSON {
        .members([
            "decision": .bool(decision.isAllow),
            "context": .members([
                "reason": .string(decision.reason.name),
                "reason_code": .integer(decision.reason.rawValue),
                "transient": .bool(decision.isTransient),
                "limit": decision.shortage.map(json),
                "grant_id": decision.grantID.isEmpty ? nil : .string(decision.grantID),
                "run_id": decision.runID.isEmpty ? nil : .string(decision.runID),
                "position": .integer(decision.position),
                "view_age_ms": decision.viewAgeMS < 0 ? nil : .integer(decision.viewAgeMS),
                "permit": decision.isAllow
                    ? .members([
                        "id": .string(decision.permitID), "valid_for_ms": .integer(decision.validForMS),
                        "open_for_ms": decision.openForMS > 0 ? .integer(decision.openForMS) : nil,
                    ]) : nil,
                "remaining": decision.remaining.isEmpty ? nil : json(decision.remaining),
                "decision_id": decision.decisionID.isEmpty ? nil : .string(decision.decisionID),
                "obligations": obligations(decision),
                "retry_after_ms": decision.retryAfterMS > 0 ? .integer(decision.retryAfterMS) : nil,
            ]),
        ])
    }

    /// Nil when it is not an answer of this version. An allow that contradicts itself is a denial.
    package static func decision(_ json: JSON) -> Decision? {
        guard let allowed = json["decision"]?.flag, let context = json["context"],
            let code = context["reason_code"]?.int64.flatMap(UInt16.init(exactly:))
        else { return nil }
        var reason = Reason(rawValue: code) ?? .noView
        if allowed != (reason == .none) { reason = .noView }
        return Decision(
            reason: reason, decisionID: context["decision_id"]?.text ?? "",
            permitID: reason == .none ? context["permit"]?["id"]?.text : nil, grantID: context["grant_id"]?.text ?? "",
            runID: context["run_id"]?.text ?? "", position: context["position"]?.uint64 ?? 0,
            viewAgeMS: context["view_age_ms"]?.int64 ?? -1,
            validForMS: max(0, min(HTTPLimits.permitMS, context["permit"]?["valid_for_ms"]?.int64 ?? 0)),
            openForMS: max(0, min(HTTPLimits.holdMS, context["permit"]?["open_for_ms"]?.int64 ?? 0)),
            remaining: context["remaining"].flatMap { try? amounts($0) } ?? [],
            retryAfterMS: context["retry_after_ms"]?.int64 ?? 0,
            shortage: context["limit"].flatMap(shortage))
    }

    /// Which limit denied a call, and what could still be had of it.
    package static func json(_ shortage: Shortage) -> JSON {
        .members([
            "kind": .string(shortage.kind.rawValue), "name": shortage.name.isEmpty ? nil : .string(shortage.name),
            "unit": shortage.unit.isEmpty ? nil : .string(shortage.unit),
            "could_get": shortage.couldGet.map { .integer($0) },
            "held_here": shortage.kind == .budget && shortage.couldGet != nil ? .integer(shortage.heldHere) : nil,
            "held_elsewhere": shortage.kind == .budget && shortage.couldGet != nil
                ? .integer(shortage.heldElsewhere) : nil,
        ])
    }

    private static func shortage(_ json: JSON) -> Shortage? {
        guard let kind = json["kind"]?.text.flatMap(Shortage.Kind.init(rawValue:)) else { return nil }
        return Shortage(
            kind, json["name"]?.text ?? "", unit: json["unit"]?.text ?? "", couldGet: json["could_get"]?.int64,
            heldHere: json["held_here"]?.int64 ?? 0,
            heldElsewhere: json["held_elsewhere"]?.int64 ?? 0)
    }

    package static func json(_ preview: Preview) -> JSON {
        .members([
            "reason": .string(preview.reason.name), "reason_code": .integer(preview.reason.rawValue),
            "valid_for_ms": .integer(preview.validForMS),
        ])
    }

    package static func preview(_ json: JSON) -> Preview? {
        reason(json).map {
            Preview(reason: $0, validForMS: max(0, min(HTTPLimits.permitMS, json["valid_for_ms"]?.int64 ?? 0)))
        }
    }

    /// One of `/v1/events`.
    package static func event(_ cancellation: Cancellation) -> [UInt8] {
        let isAny = cancellation.decisionID.isEmpty
        return Array("event: \(isAny ? "restricted" : "cancelled")\ndata: ".utf8)
            + (isAny ? JSON.object([]) : json(cancellation)).bytes + [10, 10]
    }

    /// Nil for another event.
    package static func cancellation(event: String, data: JSON) -> Cancellation? {
        switch event {
        case "cancelled": cancellation(data)
        case "restricted": Cancellation(decisionID: "", reason: .revoked)
        default: nil
        }
    }

    package static func reason(_ json: JSON) -> Reason? {
        json["reason_code"]?.int64.flatMap(UInt16.init(exactly:)).flatMap(Reason.init(rawValue:))
    }

    package static func json(_ cancellation: Cancellation) -> JSON {
        .members([
            "decision_id": .string(cancellation.decisionID), "reason": .string(cancellation.reason.name),
            "reason_code": .integer(cancellation.reason.rawValue),
        ])
    }

    package static func cancellation(_ json: JSON) -> Cancellation? {
        guard let decisionID = json["decision_id"]?.text else { return nil }
        return Cancellation(decisionID: decisionID, reason: reason(json) ?? .revoked)
    }
}
