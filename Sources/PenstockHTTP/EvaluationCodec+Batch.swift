package import PenstockJSON

extension EvaluationCodec {
    /// The questions of one body (AuthZEN 1.0, access evaluations), in its order.
    package struct Batch: Sendable {
        /// What is no question is answered in its place; the others are decided all the same.
        package var items: [Result<Question, Problem>]
        package var semantic: Semantic
    }

    /// When the answers end before the questions do.
    package enum Semantic: String, Sendable, CaseIterable {
        case executeAll = "execute_all"
        case denyOnFirstDeny = "deny_on_first_deny"
        case permitOnFirstPermit = "permit_on_first_permit"

        package func ends(with isAllow: Bool) -> Bool {
            switch self {
            case .executeAll: false
            case .denyOnFirstDeny: !isAllow
            case .permitOnFirstPermit: isAllow
            }
        }
    }

    /// Nil when the body has no `evaluations`, and so is one question. A member beside them stands for the whole member
    /// of each item that lacks it.
    package static func batch(_ json: JSON, headers: Headers, hashing: Hashing) throws(Problem) -> Batch? {
        guard json.members != nil else { throw Problem(400, "the body must be a JSON object") }
        guard let listed = present(json["evaluations"]) else { return nil }
        guard case .array(let items) = listed else { throw Problem(400, "evaluations must be an array") }
        let options = present(json["options"]) ?? .object([])
        guard options.members != nil else { throw Problem(400, "options must be an object") }
        var semantic = Semantic.executeAll
        if let named = present(options["evaluations_semantic"]) {
            guard let known = named.text.flatMap(Semantic.init(rawValue:)) else {
                throw Problem(
                    400,
                    """
                    options.evaluations_semantic must be one of \
                    \(Semantic.allCases.map(\.rawValue).joined(separator: ", "))
                    """
                )
            }
            semantic = known
        }
        if items.isEmpty { return nil }
        guard items.count <= HTTPLimits.evaluations else {
            throw Problem(400, "evaluations has more than \(HTTPLimits.evaluations) items")
        }
        // Read once, however many items lack theirs: it may be as large as the body.
        let isShared = items.contains { $0.members != nil && present($0["context"]) == nil }
        let shared =
            isShared ? Result { () throws(Problem) in try context(of: json, headers: headers, hashing: hashing) } : nil
        let questions = items.map { item in
            Result { () throws(Problem) in
                guard let members = item.members else { throw Problem(400, "an evaluation must be an object") }
                let defaults = ["subject", "action", "resource", "context"].filter { present(item[$0]) == nil }
                let whole =
                    members.filter { $0.value != .null }
                    + defaults.compactMap { name in json[name].map { JSON.Member(name, $0) } }
                let isOwn = present(item["context"]) != nil
                return try question(
                    .object(whole), headers: headers, holds: false, hashing: hashing, context: isOwn ? nil : shared)
            }
        }
        return Batch(items: questions, semantic: semantic)
    }

    /// The answer to an item that is no question.
    package static func json(_ problem: Problem) -> JSON {
        let error = JSON.members(["status": .integer(problem.status), "message": .string(problem.message)])
        return .members(["decision": .bool(false), "context": .members(["error": error])])
    }

    /// What AuthZEN's metadata say of a decision point that is reached at `base`.
    ///
    /// - Parameter searches: whether it can be searched in.
    package static func configuration(_ base: String, searches: Bool) -> JSON {
        func search(_ wanted: Wanted) -> JSON? {
            searches ? .string(base + "/access/v1/search/" + wanted.rawValue) : nil
        }
        return .members([
            "policy_decision_point": .string(base),
            "access_evaluation_endpoint": .string(base + "/access/v1/evaluation"),
            "access_evaluations_endpoint": .string(base + "/access/v1/evaluations"),
            "search_subject_endpoint": search(.subject),
            "search_resource_endpoint": search(.resource),
            "search_action_endpoint": search(.action),
            "supported_obligations": .array(obligationTypes.map { .string($0) }),
        ])
    }
}
