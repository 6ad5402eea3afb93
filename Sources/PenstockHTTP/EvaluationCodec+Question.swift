package import PenstockCore

extension EvaluationCodec {
    /// What the headers of a question may name, and where it came in.
    package struct Headers: Sendable {
        package var authorization: String?
        package var traceparent: String?
        package var door: Door

        package init(authorization: String? = nil, traceparent: String? = nil, door: Door = .unknown) {
            self.authorization = authorization
            self.traceparent = traceparent
            self.door = door
        }
    }

    /// Reads an AuthZEN evaluation. Unknown members are ignored; known ones of a wrong type are refused. In every body, a
    /// member that is null is as good as absent.
    ///
    /// The grant is named by its credential alone: `subject` must be there, as the standard asks, and decides nothing.
    package static func question(_ body: [UInt8], headers: Headers, holds: Bool, hashing: Hashing) throws(Problem) -> Question {
        try question(try parse(body), headers: headers, holds: holds, hashing: hashing)
    }

    /// - Parameter context: what a context says that many questions share.
    package static func question(
        _ json: JSON, headers: Headers, holds: Bool, hashing: Hashing, context: Result<Question, Problem>? = nil
    ) throws(Problem) -> Question {
        guard json.members != nil else { throw Problem(400, "the body must be a JSON object") }
        let subject = try object(json, "subject", required: true)
        _ = try text(subject, "type", in: "subject")
        _ = try text(subject, "id", in: "subject")
        let action = try object(json, "action", required: true)
        let resource = try object(json, "resource", required: true)
        let (name, type, id) = (try text(action, "name", in: "action"), try text(resource, "type", in: "resource"), try text(resource, "id", in: "resource"))
        _ = try object(subject, "properties", required: false)
        var question = if let context { try context.get() } else { try self.context(of: json, headers: headers, hashing: hashing) }
        (question.call.action, question.call.resourceType, question.call.resourceID, question.call.holds) = (name, type, id, holds)
        try add([("action", action), ("resource", resource)], to: &question.call.attributes)
        return question
    }

    /// A question as far as its context says it.
    static func context(of json: JSON, headers: Headers, hashing: Hashing) throws(Problem) -> Question {
        let context = try object(json, "context", required: false)
        var call = Call(credential: try credential(context, headers, hashing), action: "", resourceType: "", resourceID: "")
        call.attributes = try attributes(context)
        if let arguments = present(context["arguments"]) { try compare(call.attributes, with: arguments) }
        if let declared = present(context["amounts"]) {
            guard let amounts = CallAmounts(declared: try amounts(declared)) else { throw Problem(400, "too many amounts, or a unit without a name") }
            call.amounts = amounts
        }
        call.callID = try optionalText(context, "call_id")
        guard call.callID.utf8.count <= Limits.idBytes else { throw Problem(400, "context.call_id is longer than \(Limits.idBytes) bytes") }
        call.argumentsDigest = try argumentsDigest(context, hashing)
        let traceparent = try optionalText(context, "traceparent")
        call.traceID = (traceparent.isEmpty ? headers.traceparent : traceparent).flatMap(TraceParent.traceID) ?? .unknown
        if let position = present(context["at_least"]) {
            guard let atLeast = position.uint64 else { throw Problem(400, "context.at_least must be a whole number") }
            call.atLeast = atLeast
        }
        call.door = headers.door
        if let malformed = present(context["malformed"]) {
            guard let flag = malformed.flag else { throw Problem(400, "context.malformed must be true or false") }
            call.isMalformed = flag
        }
        let priced = try priced(context, in: "context.")
        (call.priceVersion, call.basis) = (priced.version, priced.basis)
        return Question(call: call, patience: try patience(context))
    }

    /// The same question, as the client asks it. The credential goes in the `Authorization` header.
    package static func json(_ call: Call, patience: Duration) -> JSON {
        let traceparent = call.traceID == .unknown ? nil : JSON.string("00-\(call.traceID)-0000000000000001-00")
        let attributes = call.attributes.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
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
                "malformed": call.isMalformed ? .bool(true) : nil,
                "patience_ms": .integer(milliseconds(patience)),
            ]),
        ])
    }

    package static func milliseconds(_ duration: Duration) -> Int64 {
        max(0, min(HTTPLimits.patienceMS, duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000))
    }
}

// MARK: - Members

extension EvaluationCodec {
    /// What is there and not null.
    static func present(_ json: JSON?) -> JSON? { json == .null ? nil : json }

    private static func object(_ json: JSON, _ name: String, required: Bool) throws(Problem) -> JSON {
        guard let value = present(json[name]) else {
            if required { throw Problem(400, "\(name) is missing") }
            return .object([])
        }
        guard value.members != nil else { throw Problem(400, "\(name) must be an object") }
        return value
    }

    private static func text(_ json: JSON, _ name: String, in place: String) throws(Problem) -> String {
        guard let value = present(json[name]) else { throw Problem(400, "\(place).\(name) is missing") }
        guard let text = value.text else { throw Problem(400, "\(place).\(name) must be a string") }
        return text
    }

    private static func optionalText(_ context: JSON, _ name: String) throws(Problem) -> String {
        guard let value = present(context[name]) else { return "" }
        guard let text = value.text else { throw Problem(400, "context.\(name) must be a string") }
        return text
    }

    /// `Digest.zero` when there is none, so that the gatekeeper denies it in its own words.
    private static func credential(_ context: JSON, _ headers: Headers, _ hashing: Hashing) throws(Problem) -> Digest {
        let inBody = try optionalText(context, "credential")
        let inHeader = bearer(headers.authorization) ?? ""
        guard inBody.isEmpty || inHeader.isEmpty || inBody == inHeader else {
            throw Problem(400, "context.credential and the Authorization header name different grants")
        }
        return hashing.credentialDigest(inBody.isEmpty ? inHeader : inBody) ?? .zero
    }

    /// A credential of ours in an `Authorization` header.
    static func bearer(_ authorization: String?) -> String? {
        guard let header = authorization, header.prefix(7).lowercased() == "bearer " else { return nil }
        let token = String(header.dropFirst(7).drop { $0 == " " })
        return token.hasPrefix("pst_") ? token : nil
    }

    private static func attributes(_ context: JSON) throws(Problem) -> [String: String] {
        var attributes: [String: String] = [:]
        let members = try object(context, "attributes", required: false).members ?? []
        guard members.count <= HTTPLimits.attributes else { throw tooManyAttributes }
        for member in members {
            guard let value = attribute(member.value) else {
                throw Problem(400, "context.attributes: \(member.key.prefix(64)) must be a string, a number or a boolean")
            }
            guard attributes.updateValue(value, forKey: member.key) == nil else { throw Problem(400, "attribute comes twice: \(member.key.prefix(64))") }
        }
        return attributes
    }

    private static let tooManyAttributes = Problem(400, "more than \(HTTPLimits.attributes) attributes")

    private static func add(_ properties: [(String, JSON)], to attributes: inout [String: String]) throws(Problem) {
        var paths = Set(attributes.keys)
        for (place, entity) in properties {
            let members = try object(entity, "properties", required: false).members ?? []
            // Each question of a batch may have the same ones.
            guard members.count <= HTTPLimits.attributes else { throw tooManyAttributes }
            for member in members {
                let path = "\(place).\(member.key)"
                // Whatever its type: of two values under one name, nobody knows which is meant.
                guard paths.insert(path).inserted else { throw Problem(400, "attribute comes twice: \(place).\(member.key.prefix(64))") }
                attributes[path] = attribute(member.value)
            }
        }
        guard attributes.count <= HTTPLimits.attributes else { throw tooManyAttributes }
    }

    /// Conditions read attributes, and the tool gets the arguments: of two values, nobody knows which is meant.
    private static func compare(_ attributes: [String: String], with arguments: JSON) throws(Problem) {
        // No condition reads a longer one.
        let paths = attributes.keys.filter { $0.begins(with: "arguments.") && $0.utf8.count <= Limits.idBytes }.sorted()
        guard !paths.isEmpty else { return }
        var asked = AskedPaths()
        let ends = paths.map { asked.insert($0) }
        asked.collect(.object([.init("arguments", arguments)]))
        for (path, end) in zip(paths, ends) {
            guard let found = asked.found[end], found.count == 1, let argument = attribute(found[0]), argument.isSame(as: attributes[path]!) else {
                throw Problem(400, "context.attributes: \(path.prefix(64)) is not what context.arguments has there")
            }
        }
    }

    /// Paths as a tree of the parts between their dots, so that looking for all of them takes one walk, however many parts they have.
    private struct AskedPaths {
        private struct Step: Hashable {
            var from: Int
            var part: ByteText
        }

        private var steps: [Step: Int] = [:]
        /// What stands at the end of each path; more than one where names have dots in them.
        private(set) var found: [Int: [JSON]] = [:]

        /// - Returns: its end.
        mutating func insert(_ path: String) -> Int {
            var place = 0
            for step in Self.parts(path) {
                let next = steps[Step(from: place, part: step), default: steps.count + 1]
                steps[Step(from: place, part: step)] = next
                place = next
            }
            found[place] = []
            return place
        }

        mutating func collect(_ json: JSON, at place: Int = 0) {
            for member in json.members ?? [] { enter(member.key, member.value, from: place) }
            for (index, element) in (json.elements ?? []).enumerated() { enter("\(index)", element, from: place) }
        }

        private mutating func enter(_ name: String, _ value: JSON, from start: Int) {
            // No path has a longer part.
            guard name.utf8.count <= Limits.idBytes else { return }
            var place = start
            for part in Self.parts(name) {
                guard let next = steps[Step(from: place, part: part)] else { return }
                place = next
            }
            found[place]?.append(value)
            collect(value, at: place)
        }

        private static func parts(_ name: String) -> [ByteText] {
            name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { ByteText(String(Substring($0))) }
        }
    }

    private static func attribute(_ json: JSON) -> String? {
        switch json {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): ExactNumber.canonical(text)
        default: nil
        }
    }

    private static func argumentsDigest(_ context: JSON, _ hashing: Hashing) throws(Problem) -> Digest {
        let digest = try optionalText(context, "arguments_digest")
        if let arguments = present(context["arguments"]) {
            guard digest.isEmpty else { throw Problem(400, "context names arguments and their digest; one will do") }
            return hashing.hash(arguments.canonicalBytes)
        }
        guard !digest.isEmpty else { return .zero }
        guard let digest = Digest(hex: digest) else { throw Problem(400, "context.arguments_digest must be 64 hexadecimal digits") }
        return digest
    }

    private static func patience(_ context: JSON) throws(Problem) -> Duration? {
        guard let value = present(context["patience_ms"]) else { return nil }
        guard let milliseconds = value.int64, milliseconds >= 0 else { throw Problem(400, "context.patience_ms must be a whole number") }
        return .milliseconds(min(milliseconds, HTTPLimits.patienceMS))
    }
}
