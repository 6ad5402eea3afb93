internal import PenstockCore
internal import PenstockJSON

/// What conditions read of a question.
extension EvaluationCodec {
    static func attributes(_ context: JSON) throws(Problem) -> [String: String] {
        var attributes: [String: String] = [:]
        let members = try object(context, "attributes", required: false).members ?? []
        guard members.count <= HTTPLimits.attributes else { throw tooManyAttributes }
        for member in members {
            guard let value = attribute(member.value) else {
                throw Problem(
                    400, "context.attributes: \(member.key.prefix(64)) must be a string, a number or a boolean")
            }
            guard attributes.updateValue(value, forKey: member.key) == nil else {
                throw Problem(400, "attribute comes twice: \(member.key.prefix(64))")
            }
        }
        return attributes
    }

    private static let tooManyAttributes = Problem(400, "more than \(HTTPLimits.attributes) attributes")

    static func add(_ properties: [(String, JSON)], to attributes: inout [String: String]) throws(Problem) {
        var paths = Set(attributes.keys)
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
                attributes[path] = attribute(member.value)
            }
        }
        guard attributes.count <= HTTPLimits.attributes else { throw tooManyAttributes }
    }

    /// Conditions read attributes, and the tool gets the arguments: of two values, nobody knows which is meant.
    static func compare(_ attributes: [String: String], with arguments: JSON) throws(Problem) {
        // No condition reads a longer one.
        let paths = attributes.keys.filter { $0.begins(with: "arguments.") && $0.utf8.count <= Limits.idBytes }.sorted()
        guard !paths.isEmpty else { return }
        var asked = AskedPaths()
        let ends = paths.map { asked.insert($0) }
        asked.collect(.object([.init("arguments", arguments)]))
        for (path, end) in zip(paths, ends) {
            guard let found = asked.found[end], found.count == 1, let argument = attribute(found[0]),
                let said = attributes[path], argument.isSame(as: said)
            else {
                throw Problem(400, "context.attributes: \(path.prefix(64)) is not what context.arguments has there")
            }
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
}
