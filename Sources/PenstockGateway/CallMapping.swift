internal import PenstockCore
internal import PenstockHTTP

/// How an MCP request becomes a call: the default mappings of AuthZEN's COAZ-MCP binding, draft 1.
struct CallMapping: Sendable {
    enum Rule {
        /// The handshake and the pulse: nothing to decide.
        case pass
        /// Passes for any live grant; its answer is filtered.
        case list(Call)
        case check(Call)
        /// The parameters do not name what is asked for.
        case invalid(String)
        /// A tool is priced by what the request does not have.
        case unpriced(String)
        case unknown
    }

    var credential: Digest
    var serverID: String
    /// What tool calls cost besides one of `calls`; nil for nothing.
    var prices: PriceTable?
    var hash: @Sendable ([UInt8]) -> Digest

    func rule(_ method: String, _ params: JSON) -> Rule {
        switch method {
        case "initialize", "server/discover", "ping": return .pass
        case "tools/list": return .list(call(method, "mcp_server", serverID, params))
        case "prompts/list", "resources/list", "resources/templates/list", "logging/setLevel", "completion/complete",
            "subscriptions/listen", "tasks/list":
            return .check(call(method, "mcp_server", serverID, params))
        case "tools/call": return tool(params)
        case "prompts/get": return named(method, "prompt", "name", params)
        case "resources/read", "resources/subscribe", "resources/unsubscribe": return named(method, "resource", "uri", params)
        case _ where method.hasPrefix("tasks/"): return named(method, "task", "taskId", params)
        default: return .unknown
        }
    }

    /// Whether a tool may be shown: as a call of it would be decided, its arguments and amounts apart.
    func preview(ofTool name: String) -> Call {
        var call = call("tools/call", "tool", name, .object([]))
        call.amounts = Self.oneCall
        return call
    }

    private func tool(_ params: JSON) -> Rule {
        let arguments = params["arguments"] ?? .object([])
        guard arguments.members != nil else { return .invalid("params.arguments must be an object") }
        guard let attributes = ArgumentAttributes.of(arguments) else { return .invalid("two arguments have the same path") }
        guard case .check(var call) = named("tools/call", "tool", "name", params) else { return .invalid("params.name must be a string") }
        call.amounts = Self.oneCall
        call.attributes = attributes
        call.argumentsDigest = hash(arguments.canonicalBytes)
        do {
            try price(&call, arguments)
        } catch {
            return .unpriced(error.what)
        }
        return .check(call)
    }

    private func named(_ method: String, _ type: String, _ member: String, _ params: JSON) -> Rule {
        guard let id = params[member]?.text, !id.isEmpty, !id.utf8.contains(0) else {
            return .invalid("params.\(member) must be a string")
        }
        return .check(call(method, type, id, params))
    }

    private func call(_ action: String, _ type: String, _ id: String, _ params: JSON) -> Call {
        let traceID = params["_meta"]?["traceparent"]?.text.flatMap(TraceParent.traceID) ?? .unknown
        return Call(credential: credential, action: action, resourceType: type, resourceID: id, traceID: traceID, holds: true, door: .mcp)
    }

    static let unit = "calls"
    static let oneCall = CallAmounts([Amount(unit, 1)])!
}

/// The scalars among a tool's arguments, each under `arguments.PATH`; what exceeds the bounds is left out, and a
/// condition on it is not fulfilled.
enum ArgumentAttributes {
    /// Nil when two scalars come under the same path, as in `{"a.b": 1, "a": {"b": 2}}`.
    static func of(_ arguments: JSON) -> [String: String]? {
        var attributes: [String: String] = [:]
        var bytes = 0
        return add(arguments, "arguments", depth: 0, &attributes, &bytes) ? attributes : nil
    }

    private static func add(_ json: JSON, _ path: String, depth: Int, _ into: inout [String: String], _ bytes: inout Int) -> Bool {
        let text: String
        switch json {
        case .null: return true
        case .bool(let flag): text = flag ? "true" : "false"
        case .number(let number): text = number
        case .string(let string): text = string
        case .array(let elements):
            guard depth < GatewayLimits.attributeDepth else { return true }
            for (index, element) in elements.prefix(GatewayLimits.attributes).enumerated() {
                guard add(element, "\(path).\(index)", depth: depth + 1, &into, &bytes) else { return false }
            }
            return true
        case .object(let members):
            guard depth < GatewayLimits.attributeDepth else { return true }
            for member in members {
                guard add(member.value, "\(path).\(member.key)", depth: depth + 1, &into, &bytes) else { return false }
            }
            return true
        }
        guard into[path] == nil else { return false }
        let size = path.utf8.count + text.utf8.count
        guard into.count < GatewayLimits.attributes, text.utf8.count <= GatewayLimits.attributeBytes,
            bytes + size <= GatewayLimits.attributeBytesTotal
        else { return true }
        bytes += size
        into[path] = text
        return true
    }
}
