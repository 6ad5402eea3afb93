internal import PenstockCore
internal import PenstockEnforcer
internal import PenstockHTTP

/// The messages that the gateway says in its own name.
enum Replies {
    /// Of AuthZEN's COAZ-MCP binding.
    static let denied = -32001

    /// An error that cannot name its request leaves `id` out, as MCP's schema has it.
    static func error(_ id: RequestID?, code: Int, _ message: String, data: JSON? = nil) -> [UInt8] {
        JSON.members([
            "jsonrpc": .string("2.0"), "id": id?.json,
            "error": .members(["code": .integer(code), "message": .string(message), "data": data]),
        ]).bytes
    }

    static func denial(_ id: RequestID, _ decision: Decision, detail: String? = nil) -> [UInt8] {
        error(
            id, code: denied, "denied: \(decision.reason.name)",
            data: .members([
                "reason": .string(decision.reason.name), "reason_code": .integer(decision.reason.rawValue),
                "transient": .bool(decision.reason.isTransient), "detail": detail.map(JSON.string),
                "decision_id": decision.decisionID.isEmpty ? nil : .string(decision.decisionID),
                "retry_after_ms": decision.retryAfterMS > 0 ? .integer(decision.retryAfterMS) : nil,
            ]))
    }

    static func busy(_ id: RequestID) -> [UInt8] {
        error(
            id, code: denied, "denied: busy, too many requests are under way",
            data: .members(["reason": .string("busy"), "transient": .bool(true)]))
    }

    static func cancel(_ id: RequestID, _ reason: Reason) -> [UInt8] {
        JSON.members([
            "jsonrpc": .string("2.0"), "method": .string("notifications/cancelled"),
            "params": .members(["requestId": id.json, "reason": .string(reason.name)]),
        ]).bytes
    }
}
