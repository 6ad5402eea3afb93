internal import PenstockCore
internal import PenstockHTTP

/// The answer to `tools/list`, cut down to what the grant may call.
enum ToolList {
    static func names(_ answer: JSON) -> [String] {
        tools(answer).map { $0["name"]!.text! }
    }

    /// What is no tool, or beyond the bound, is left out.
    private static func tools(_ answer: JSON) -> [JSON] {
        let tools = answer["result"]?["tools"]?.elements ?? []
        return Array(tools.lazy.filter { $0["name"]?.text != nil }.prefix(GatewayLimits.toolsPerPage))
    }

    /// - Parameter reasons: one for each of `names`.
    static func filtered(_ answer: JSON, _ reasons: [Reason]) -> JSON {
        let kept = zip(tools(answer), reasons).filter { isShown($0.1) }.map(\.0)
        var result = answer["result"]!.setting("tools", .array(kept))
        // Since 2026-07-28 a list says how long and by whom it may be kept: not past a revoke, not for others.
        if ["ttlMs", "cacheScope", "resultType"].contains(where: { result[$0] != nil }) {
            result = result.setting("ttlMs", .integer(0)).setting("cacheScope", .string("private"))
        }
        return answer.setting("result", result)
    }

    /// A tool that only lacks budget now is shown: it may be called again later.
    private static func isShown(_ reason: Reason) -> Bool {
        switch reason {
        case .none, .rateLimited, .budgetExhausted, .budgetHeldElsewhere, .budgetPending: true
        default: false
        }
    }
}
