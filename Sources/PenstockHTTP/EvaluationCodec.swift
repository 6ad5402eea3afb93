package import PenstockCore
package import PenstockEnforcer

/// How calls, decisions and amounts look in JSON: OpenID AuthZEN 1.0, with what Penstock adds under `context`.
/// The door and its client share it.
package enum EvaluationCodec {
    /// A call as it was asked about.
    package struct Question: Sendable {
        package var call: Call
        /// How long the caller wants to wait, if it says.
        package var patience: Duration?
    }

    /// Why a body is not a question: an HTTP status and a message for people.
    package struct Problem: Error, Hashable, Sendable {
        package var status: Int
        package var message: String

        package init(_ status: Int, _ message: String) {
            self.status = status
            self.message = message
        }
    }

    package static func parse(_ body: [UInt8]) throws(Problem) -> JSON {
        do {
            return try JSONParser.parse(body)
        } catch {
            throw Problem(400, body.isEmpty ? "the body is empty" : error.text)
        }
    }

    /// `{"calls": 1}`
    package static func amounts(_ json: JSON) throws(Problem) -> [Amount] {
        guard let members = json.members else { throw Problem(400, "amounts must be an object of whole numbers") }
        var amounts: [Amount] = []
        for member in members {
            guard let value = member.value.int64, value >= 0 else {
                throw Problem(400, "amount of \(member.key.prefix(64)) must be a whole number, not negative")
            }
            amounts.append(Amount(member.key, value))
        }
        return amounts
    }

    package static func json(_ amounts: [Amount]) -> JSON {
        .object(amounts.map { JSON.Member($0.unit, .integer($0.value)) })
    }
}

// MARK: - Prices

extension EvaluationCodec {
    /// `price_version` and `basis`, as the caller declares them: recorded, not understood.
    ///
    /// - Parameter place: what comes before their names in a message.
    package static func priced(_ json: JSON, in place: String) throws(Problem) -> Priced {
        var priced = Priced.none
        for (name, limit, path) in [("price_version", Limits.priceVersionBytes, \Priced.version), ("basis", Limits.basisBytes, \.basis)] {
            guard let value = present(json[name]) else { continue }
            guard let text = value.text, text.utf8.count <= limit else { throw Problem(400, "\(place)\(name) must be a string of at most \(limit) bytes") }
            priced[keyPath: path] = text
        }
        return priced
    }

    /// The body of `settle`.
    package static func json(_ actual: [Amount], _ priced: Priced) -> JSON {
        .members([
            "amounts": json(actual), "price_version": priced.version.isEmpty ? nil : .string(priced.version),
            "basis": priced.basis.isEmpty ? nil : .string(priced.basis),
        ])
    }
}

// MARK: - Decisions

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
                    ? .members(["id": .string(decision.permitID), "valid_for_ms": .integer(decision.validForMS)]) : nil,
                "remaining": decision.remaining.isEmpty ? nil : json(decision.remaining),
                "decision_id": decision.decisionID.isEmpty ? nil : .string(decision.decisionID),
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
            reason: reason, decisionID: context["decision_id"]?.text ?? "", permitID: reason == .none ? context["permit"]?["id"]?.text : nil, grantID: context["grant_id"]?.text ?? "",
            runID: context["run_id"]?.text ?? "", position: context["position"]?.uint64 ?? 0,
            viewAgeMS: context["view_age_ms"]?.int64 ?? -1, validForMS: max(0, min(HTTPLimits.permitMS, context["permit"]?["valid_for_ms"]?.int64 ?? 0)),
            remaining: context["remaining"].flatMap { try? amounts($0) } ?? [], retryAfterMS: context["retry_after_ms"]?.int64 ?? 0,
            shortage: context["limit"].flatMap(shortage))
    }

    /// Which limit denied a call, and what could still be had of it.
    package static func json(_ shortage: Shortage) -> JSON {
        .members([
            "kind": .string(shortage.kind.rawValue), "name": shortage.name.isEmpty ? nil : .string(shortage.name),
            "unit": shortage.unit.isEmpty ? nil : .string(shortage.unit), "could_get": shortage.couldGet.map { .integer($0) },
            "held_here": shortage.kind == .budget && shortage.couldGet != nil ? .integer(shortage.heldHere) : nil,
            "held_elsewhere": shortage.kind == .budget && shortage.couldGet != nil ? .integer(shortage.heldElsewhere) : nil,
        ])
    }

    private static func shortage(_ json: JSON) -> Shortage? {
        guard let kind = json["kind"]?.text.flatMap(Shortage.Kind.init(rawValue:)) else { return nil }
        return Shortage(
            kind, json["name"]?.text ?? "", unit: json["unit"]?.text ?? "", couldGet: json["could_get"]?.int64, heldHere: json["held_here"]?.int64 ?? 0,
            heldElsewhere: json["held_elsewhere"]?.int64 ?? 0)
    }

    package static func json(_ preview: Preview) -> JSON {
        .members([
            "reason": .string(preview.reason.name), "reason_code": .integer(preview.reason.rawValue),
            "valid_for_ms": .integer(preview.validForMS),
        ])
    }

    package static func preview(_ json: JSON) -> Preview? {
        reason(json).map { Preview(reason: $0, validForMS: max(0, min(HTTPLimits.permitMS, json["valid_for_ms"]?.int64 ?? 0))) }
    }

    /// One of `/v1/events`.
    package static func event(_ cancellation: Cancellation) -> [UInt8] {
        let isAny = cancellation.decisionID.isEmpty
        return Array("event: \(isAny ? "restricted" : "cancelled")\ndata: ".utf8) + (isAny ? JSON.object([]) : json(cancellation)).bytes + [10, 10]
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
