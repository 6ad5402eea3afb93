internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockHTTP
internal import PenstockJSON

/// The messages that the gateway says in its own name.
enum Replies {
    /// Of AuthZEN's COAZ-MCP binding.
    static let denied = -32001

    /// An error that cannot name its request leaves `id` out, as MCP's schema has it.
    static func error(_ id: JSON?, code: Int, _ message: String, data: JSON? = nil) -> [UInt8] {
        JSON.members([
            "jsonrpc": .string("2.0"), "id": id,
            "error": .members(["code": .integer(code), "message": .string(message), "data": data]),
        ]).bytes
    }

    static func denial(_ id: RequestID, _ decision: Decision, detail: String? = nil) -> [UInt8] {
        error(
            id.json, code: denied,
            "denied: \(decision.reason.name)\(decision.shortage.map { ", " + $0.explanation } ?? "")",
            data: .members([
                "reason": .string(decision.reason.name), "reason_code": .integer(decision.reason.rawValue),
                "transient": .bool(decision.isTransient), "detail": detail.map(JSON.string),
                "limit": decision.shortage.map { EvaluationCodec.json($0) },
                "decision_id": decision.decisionID.isEmpty ? nil : .string(decision.decisionID),
                "retry_after_ms": decision.retryAfterMS > 0 ? .integer(decision.retryAfterMS) : nil,
            ]))
    }

    static func busy(_ id: RequestID) -> [UInt8] {
        error(
            id.json, code: denied, "denied: busy, too many requests are under way",
            data: .members(["reason": .string("busy"), "transient": .bool(true)]))
    }

    /// - Parameter reason: nil when it was the client.
    static func cancel(_ id: RequestID, _ reason: Reason?) -> [UInt8] {
        message(
            nil, "notifications/cancelled", .members(["requestId": id.json, "reason": reason.map { .string($0.name) }]))
    }

    /// A message of the client's, made anew.
    static func message(_ id: RequestID?, _ method: String, _ params: JSON?) -> [UInt8] {
        JSON.members(["jsonrpc": .string("2.0"), "id": id?.json, "method": .string(method), "params": params]).bytes
    }
}
