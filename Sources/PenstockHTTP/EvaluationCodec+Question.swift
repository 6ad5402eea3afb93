package import PenstockCore
package import PenstockJSON

extension EvaluationCodec {
    /// What the headers of a question may name, and where it came in.
    package struct Headers: Sendable {
        package var authorization: String?
        package var traceparent: String?
        package var door: Door
        /// What the channel has proven of the client; its credential comes with the question.
        package var client: Presented

        package init(
            authorization: String? = nil, traceparent: String? = nil, door: Door = .unknown,
            client: Presented = Presented(.zero)
        ) {
            self.authorization = authorization
            self.traceparent = traceparent
            self.door = door
            self.client = client
        }
    }

    /// Reads an AuthZEN evaluation. Unknown members are ignored; known ones of a wrong type are refused. In every body,
    /// a member that is null is as good as absent.
    ///
    /// The grant is named by its credential. Whether `subject` may name it instead is the door's to say.
    package static func question(_ body: [UInt8], headers: Headers, holds: Bool, hashing: Hashing) throws(Problem)
        -> Question
    {
        try question(try parse(body), headers: headers, holds: holds, hashing: hashing)
    }

    /// - Parameter context: what a context says that many questions share.
    package static func question(
        _ json: JSON, headers: Headers, holds: Bool, hashing: Hashing, context: Result<Question, Problem>? = nil
    ) throws(Problem) -> Question {
        guard json.members != nil else { throw Problem(400, "the body must be a JSON object") }
        let subject = try object(json, "subject", required: true)
        let named = Subject(
            type: try text(subject, "type", in: "subject"), id: try text(subject, "id", in: "subject"))
        let action = try object(json, "action", required: true)
        let resource = try object(json, "resource", required: true)
        let (name, type, id) = (
            try text(action, "name", in: "action"), try text(resource, "type", in: "resource"),
            try text(resource, "id", in: "resource")
        )
        var question =
            if let context { try context.get() } else { try self.context(of: json, headers: headers, hashing: hashing) }
        (question.call.action, question.call.resourceType, question.call.resourceID, question.call.holds) = (
            name, type, id, holds
        )
        question.subject = named
        try add([("subject", subject), ("action", action), ("resource", resource)], to: &question.call)
        return question
    }

    /// A question as far as its context says it.
    static func context(of json: JSON, headers: Headers, hashing: Hashing) throws(Problem) -> Question {
        let context = try object(json, "context", required: false)
        var call = Call(
            headers.client, action: "", resourceType: "", resourceID: "")
        call.credential = try credential(context, headers, hashing)
        try attributes(context, into: &call)
        if let arguments = present(context["arguments"]) { try compare(call, with: arguments) }
        if let declared = present(context["amounts"]) {
            guard let amounts = CallAmounts(declared: try amounts(declared)) else {
                throw Problem(400, "too many amounts, or a unit without a name")
            }
            call.amounts = amounts
        }
        call.callID = try optionalText(context, "call_id")
        guard call.callID.utf8.count <= Limits.idBytes else {
            throw Problem(400, "context.call_id is longer than \(Limits.idBytes) bytes")
        }
        call.argumentsDigest = try argumentsDigest(context, hashing)
        let traceparent = try optionalText(context, "traceparent")
        call.traceID =
            (traceparent.isEmpty ? headers.traceparent : traceparent).flatMap(TraceParent.traceID) ?? .unknown
        if let position = present(context["at_least"]) {
            guard let atLeast = position.uint64 else { throw Problem(400, "context.at_least must be a whole number") }
            call.atLeast = atLeast
        }
        call.door = headers.door
        call.linearizable = try flag(context, "linearizable")
        call.isMalformed = try flag(context, "malformed")
        let priced = try priced(context, in: "context.")
        (call.priceVersion, call.basis) = (priced.version, priced.basis)
        let shows = try optionalText(context, "credential").isEmpty == false || headers.authorization != nil
        return Question(call: call, hasCredential: shows, patience: try patience(context))
    }

    /// The same question, as the client asks it. The credential goes in the `Authorization` header.
    package static func json(_ call: Call, patience: Duration) -> JSON {
        let traceparent = call.traceID == .unknown ? nil : JSON.string("00-\(call.traceID)-0000000000000001-00")
        let attributes =
            call.attributes.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
            + call.lists.sorted { $0.key < $1.key }.map { .init($0.key, .array($0.value.map { .string($0) })) }
        return .members([
            "subject": .members(["type": .string("agent"), "id": .string("")]),
            "action": .members(["name": .string(call.action)]),
            "resource": .members(["type": .string(call.resourceType), "id": .string(call.resourceID)]),
            "context": .members([
                "amounts": call.amounts.count == 0 ? nil : json(call.amounts.list),
                "attributes": attributes.isEmpty ? nil : .object(attributes),
                "call_id": call.callID.isEmpty ? nil : .string(call.callID),
                "arguments_digest": call.argumentsDigest == .zero ? nil : .string(call.argumentsDigest.hex),
                "traceparent": traceparent,
                "at_least": call.atLeast == 0 ? nil : .integer(call.atLeast),
                "price_version": call.priceVersion.isEmpty ? nil : .string(call.priceVersion),
                "basis": call.basis.isEmpty ? nil : .string(call.basis),
                "linearizable": call.linearizable ? .bool(true) : nil,
                "malformed": call.isMalformed ? .bool(true) : nil,
                "patience_ms": .integer(milliseconds(patience)),
            ]),
        ])
    }

    package static func milliseconds(_ duration: Duration) -> Int64 {
        max(
            0,
            min(
                HTTPLimits.patienceMS,
                duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000))
    }
}
