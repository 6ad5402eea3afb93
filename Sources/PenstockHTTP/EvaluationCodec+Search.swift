internal import PenstockCore
internal import PenstockJSON

/// AuthZEN's searches: whom or what an evaluation would be allowed for.
extension EvaluationCodec {
    enum Wanted: String, Sendable {
        case subject, resource, action
    }

    struct Search: Sendable {
        var wanted: Wanted
        /// What is searched for is empty in it.
        var question: Question
        var limit: Int
        /// Behind which the page begins; empty for the first.
        var cursor: String
        /// Of every member but `page`, which stays the same from page to page.
        fileprivate var key: String
    }

    static func search(_ json: JSON, for wanted: Wanted, headers: Headers, hashing: Hashing) throws(Problem) -> Search {
        guard let members = json.members else { throw Problem(400, "the body must be a JSON object") }
        var question = try context(of: json, headers: headers, hashing: hashing)
        let subject = try object(json, "subject", required: true)
        let resource = try object(json, "resource", required: true)
        let action = try object(json, "action", required: wanted != .action)
        question.subject = Subject(
            type: try text(subject, "type", in: "subject"),
            id: wanted == .subject ? "" : try text(subject, "id", in: "subject"))
        question.call.resourceType = try text(resource, "type", in: "resource")
        if wanted != .resource { question.call.resourceID = try text(resource, "id", in: "resource") }
        if wanted != .action {
            question.call.action = try text(action, "name", in: "action")
        }
        try add([("subject", subject), ("action", action), ("resource", resource)], to: &question.call)
        let page = try object(json, "page", required: false)
        var limit = HTTPLimits.searchPage
        if let asked = present(page["limit"]) {
            guard let number = asked.int64, number > 0 else { throw Problem(400, "page.limit must be 1 or more") }
            limit = Int(min(number, Int64(HTTPLimits.searchPageMost)))
        }
        let others = JSON.object(members.filter { $0.key != "page" } + [.init("wanted", .string(wanted.rawValue))])
        let key = Hex.encode(hashing.hash(others.canonicalBytes).bytes)
        return Search(
            wanted: wanted, question: question, limit: limit, cursor: try cursor(page, key), key: key)
    }

    /// A token is the key of its search, and the cursor in hexadecimal.
    private static func cursor(_ page: JSON, _ key: String) throws(Problem) -> String {
        guard let token = present(page["token"]) else { return "" }
        guard let text = token.text else { throw Problem(400, "page.token must be a string") }
        if text.isEmpty { return "" }
        guard text.utf8.count <= HTTPLimits.searchTokenBytes, text.begins(with: key),
            let bytes = Hex.decode(text.dropFirst(key.count)), !bytes.isEmpty,
            let cursor = String(validating: bytes, as: UTF8.self)
        else { throw otherSearch }
        return cursor
    }

    static let otherSearch = Problem(
        400, "page.token is of another search, or of another run of this node: begin again without it")

    /// - Parameter patterns: what grants allow besides, which is no list.
    static func json(_ search: Search, _ ids: [String], next: String, patterns: [String]) -> JSON {
        let results = ids.map { id -> JSON in
            switch search.wanted {
            case .subject: entity(search.question.subject.type, id)
            case .resource: entity(search.question.call.resourceType, id)
            case .action: .members(["name": .string(id)])
            }
        }
        let token = next.isEmpty ? "" : search.key + Hex.encode(next.utf8)
        return .members([
            "page": .members(["next_token": .string(token), "count": .integer(results.count)]),
            "context": patterns.isEmpty ? nil : .members(["patterns": .array(patterns.map { .string($0) })]),
            "results": .array(results),
        ])
    }

    private static func entity(_ type: String, _ id: String) -> JSON {
        .members(["type": .string(type), "id": .string(id)])
    }
}
