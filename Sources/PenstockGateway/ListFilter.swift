internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// The answer to a list, cut down to what the grant may get.
struct ListFilter: Sendable, Equatable {
    /// Where the entries are, and what names one.
    var member: String
    var key: String
    /// What getting an entry is decided as.
    var action: String
    var type: String

    init?(_ method: String) {
        switch method {
        case "tools/list": self.init(member: "tools", key: "name", action: "tools/call", type: "tool")
        case "prompts/list": self.init(member: "prompts", key: "name", action: "prompts/get", type: "prompt")
        case "resources/list": self.init(member: "resources", key: "uri", action: "resources/read", type: "resource")
        case "resources/templates/list":
            self.init(member: "resourceTemplates", key: "uriTemplate", action: "resources/read", type: "resource")
        case "tasks/list": self.init(member: "tasks", key: "taskId", action: "tasks/get", type: "task")
        default: return nil
        }
    }

    private init(member: String, key: String, action: String, type: String) {
        (self.member, self.key, self.action, self.type) = (member, key, action, type)
    }

    enum Verdict {
        case shown, hidden
        /// Says nothing of the entry.
        case unknown
    }

    /// What is asked about, an entry each. A template is as good as the text before its first variable.
    func names(_ answer: JSON) -> [String] {
        entries(answer).map { shownAs($0[key]!.text!) }
    }

    func shownAs(_ name: String) -> String {
        key == "uriTemplate" ? String(decoding: name.utf8.prefix { $0 != UInt8(ascii: "{") }, as: UTF8.self) : name
    }

    /// Nil for what is no list of this kind, such as an error.
    func count(_ answer: JSON) -> Int? { answer["result"]?[member]?.elements?.count }

    /// What has no name by which it could be asked for is left out.
    private func entries(_ answer: JSON) -> [JSON] {
        (answer["result"]?[member]?.elements ?? []).filter { entry in
            guard let name = entry[key]?.text else { return false }
            return !name.isEmpty && name.utf8.count <= GatewayLimits.nameBytes && !name.utf8.contains(0)
        }
    }

    /// - Parameter reasons: one for each of `names`.
    func filtered(_ answer: JSON, _ reasons: [Reason]) -> JSON {
        let kept = zip(entries(answer), reasons).filter { Self.verdict($0.1) == .shown }.map(\.0)
        var result = answer["result"]!.setting(member, .array(kept))
        // Since 2026-07-28 a list says how long and by whom it may be kept: not past a revoke, not for others.
        if ["ttlMs", "cacheScope", "resultType"].contains(where: { result[$0] != nil }) {
            result = result.setting("ttlMs", .integer(0)).setting("cacheScope", .string("private"))
        }
        return answer.setting("result", result)
    }

    /// What only lacks budget now is shown: it may be had again later.
    static func verdict(_ reason: Reason) -> Verdict {
        switch reason {
        case .none, .rateLimited, .budgetExhausted, .budgetHeldElsewhere, .budgetPending, .budgetFrozen, .budgetClosed:
            .shown
        case .actionNotAllowed, .resourceOutOfBounds, .amountOverLimit, .approvalRequired, .unitNotBudgeted: .hidden
        case .malformed, .noView, .staleView, .unknownCredential, .credentialMismatch, .wrongAudience, .wrongWorkload,
            .revoked, .suspended,
            .notYetValid, .expired, .duplicateMismatch, .unrecordable, .alreadySettled, .busy:
            .unknown
        }
    }
}
