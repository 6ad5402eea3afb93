internal import PenstockCore
internal import PenstockJSON

/// What conditions read of a question.
extension EvaluationCodec {
    /// A value that conditions compare: a text, number or boolean, or a list of such.
    private enum Attribute {
        case scalar(String)
        case list([String])

        init?(_ json: JSON) {
            if let scalar = EvaluationCodec.scalar(json) {
                self = .scalar(scalar)
            } else if let elements = json.elements, elements.count <= HTTPLimits.attributes {
                let texts = elements.compactMap(EvaluationCodec.scalar)
                guard texts.count == elements.count else { return nil }
                self = .list(texts)
            } else {
                return nil
            }
        }
    }

    private static func scalar(_ json: JSON) -> String? {
        switch json {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): ExactNumber.canonical(text)
        default: nil
        }
    }

    static func attributes(_ context: JSON, into call: inout Call) throws(Problem) {
        let members = try object(context, "attributes", required: false).members ?? []
        guard members.count <= HTTPLimits.attributes else { throw tooManyAttributes }
        for member in members {
            let name = member.key.prefix(64)
            guard call.attributes[member.key] == nil, call.lists[member.key] == nil else {
                throw Problem(400, "attribute comes twice: \(name)")
            }
            switch Attribute(member.value) {
            case .scalar(let text)?: call.attributes[member.key] = text
            case .list(let texts)?: call.lists[member.key] = texts
            case nil:
                throw Problem(
                    400, "context.attributes: \(name) must be a string, a number or a boolean, or a list of such")
            }
        }
    }

    private static let tooManyAttributes = Problem(400, "more than \(HTTPLimits.attributes) attributes")

    static func add(_ properties: [(String, JSON)], to call: inout Call) throws(Problem) {
        var paths = Set(call.attributes.keys).union(call.lists.keys)
        for (place, entity) in properties {
            let members = try object(entity, "properties", required: false).members ?? []
            // Each question of a batch may have the same ones.
            guard members.count <= HTTPLimits.attributes else { throw tooManyAttributes }
            for member in members {
                let path = "\(place).\(member.key)"
                // Whatever its type: of two values under one name, nobody knows which is meant.
                guard paths.insert(path).inserted else {
                    throw Problem(400, "attribute comes twice: \(place).\(member.key.prefix(64))")
                }
                switch Attribute(member.value) {
                case .scalar(let text)?: call.attributes[path] = text
                case .list(let texts)?: call.lists[path] = texts
                case nil: break
                }
            }
        }
        guard call.attributes.count + call.lists.count <= HTTPLimits.attributes else { throw tooManyAttributes }
    }

    /// Conditions read attributes, and the tool gets the arguments: of two values, nobody knows which is meant.
    static func compare(_ call: Call, with arguments: JSON) throws(Problem) {
        // No condition reads a longer one.
        let paths = (Array(call.attributes.keys) + call.lists.keys).filter {
            $0.begins(with: "arguments.") && $0.utf8.count <= Limits.idBytes
        }.sorted()
        guard !paths.isEmpty else { return }
        var asked = AskedPaths()
        let ends = paths.map { asked.insert($0) }
        asked.collect(.object([.init("arguments", arguments)]))
        for (path, end) in zip(paths, ends) {
            guard let found = asked.found[end], found.count == 1, isSame(Attribute(found[0]), path, call) else {
                throw Problem(400, "context.attributes: \(path.prefix(64)) is not what context.arguments has there")
            }
        }
    }

    private static func isSame(_ found: Attribute?, _ path: String, _ call: Call) -> Bool {
        switch found {
        case .scalar(let text)?: call.attributes[path]?.isSame(as: text) == true
        case .list(let texts)?:
            call.lists[path].map { $0.count == texts.count && zip($0, texts).allSatisfy { $0.isSame(as: $1) } } == true
        case nil: false
        }
    }
}
