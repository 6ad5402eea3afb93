internal import PenstockCore
internal import PenstockHTTP
internal import PenstockJSON

/// How an MCP request becomes a call: the default mappings of AuthZEN's COAZ-MCP binding, draft 1.
struct CallMapping: Sendable {
    enum Rule {
        /// Passes for any live grant, with these parameters and no others.
        case live(JSON?)
        case check(Call)
        /// As above, once the first would be allowed.
        case require(Call, Call)
        /// The parameters do not name what is asked for.
        case invalid(String)
        /// A tool is priced by what the request does not have.
        case unpriced(Call, String)
        case unknown
    }

    var credential: Digest
    var serverID: String
    /// What tool calls cost besides one of `calls`; nil for nothing.
    var prices: PriceTable?
    var hash: @Sendable ([UInt8]) -> Digest

    func rule(_ method: String, _ params: JSON) -> Rule {
        switch method {
        case "initialize", "server/discover", "ping", "tools/list": return live(method, params)
        case "prompts/list", "resources/list", "resources/templates/list", "logging/setLevel", "subscriptions/listen",
            "tasks/list":
            return .check(call(method, "mcp_server", serverID, params))
        case "completion/complete": return completion(params)
        case "tools/call": return tool(params)
        case "prompts/get": return named(method, "prompt", "name", params)
        case "resources/read", "resources/subscribe", "resources/unsubscribe":
            return named(method, "resource", "uri", params)
        case _ where method.hasPrefix("tasks/"): return named(method, "task", "taskId", params)
        default: return .unknown
        }
    }

    /// The same for what nobody answers. One that the protocol does not know is an action like any other.
    func notification(_ method: String, _ params: JSON) -> Rule {
        switch method {
        case "notifications/initialized", "notifications/progress", "notifications/roots/list_changed":
            live(method, params)
        default: .check(call(method, "mcp_server", serverID, params))
        }
    }

    /// What tells whether the grant is live.
    var standing: Call { call("tools/list", "mcp_server", serverID, .object([]), holds: false) }

    /// Whether an entry of a list may be shown: as getting it would be decided, its arguments and amounts apart.
    func preview(_ list: ListFilter, _ name: String) -> Call {
        var call = call(list.action, list.type, name, .object([]), holds: false)
        if list.type == "tool" { call.amounts = Self.oneCall }
        return call
    }

    private func live(_ method: String, _ params: JSON) -> Rule {
        do {
            return .live(try ClosedContent.params(method, params))
        } catch {
            return .invalid("params: \(error.what)")
        }
    }

    /// Values of a prompt's arguments, or of a resource template's variables: for whoever may get that.
    private func completion(_ params: JSON) -> Rule {
        let reference = ClientMessage.object(params["ref"])
        let list: (method: String, key: String)? =
            switch reference["type"]?.text {
            case "ref/prompt": ("prompts/list", "name")
            case "ref/resource": ("resources/templates/list", "uri")
            default: nil
            }
        guard let list, let name = reference[list.key]?.text, !name.isEmpty, !name.utf8.contains(0),
            let filter = ListFilter(list.method)
        else {
            return .invalid("params.ref must name a prompt or a resource")
        }
        return .require(
            preview(filter, filter.shownAs(name)), call("completion/complete", "mcp_server", serverID, params))
    }

    private func tool(_ params: JSON) -> Rule {
        let arguments = ClientMessage.object(params["arguments"])
        guard arguments.members != nil else { return .invalid("params.arguments must be an object") }
        guard let attributes = ArgumentAttributes.of(arguments) else {
            return .invalid("two arguments have the same path")
        }
        let named = named("tools/call", "tool", "name", params)
        guard case .check(var call) = named else { return named }
        call.amounts = Self.oneCall
        (call.attributes, call.lists) = (attributes.attributes, attributes.lists)
        call.argumentsDigest = hash(arguments.canonicalBytes)
        do {
            try price(&call, arguments)
        } catch {
            return unpriced(call, error.what)
        }
        return .check(call)
    }

    /// Nobody can tell what it costs: it is denied, and recorded like any denial.
    func unpriced(_ call: Call, _ why: String) -> Rule {
        var call = call
        (call.isMalformed, call.holds) = (true, false)
        return .unpriced(call, why)
    }

    /// As above, of a request that was not looked at any further.
    func unpriced(_ method: String, _ params: JSON, _ why: String) -> Rule {
        var call = call(method, "tool", params["name"]?.text ?? "", .object([]))
        call.argumentsDigest = params["arguments"].map { hash($0.canonicalBytes) } ?? .zero
        return unpriced(call, why)
    }

    private func named(_ method: String, _ type: String, _ member: String, _ params: JSON) -> Rule {
        guard let id = params[member]?.text, !id.isEmpty, !id.utf8.contains(0) else {
            return .invalid("params.\(member) must be a string")
        }
        return .check(call(method, type, id, params))
    }

    private func call(_ action: String, _ type: String, _ id: String, _ params: JSON, holds: Bool = true) -> Call {
        let traceID = params["_meta"]?["traceparent"]?.text.flatMap(TraceParent.traceID) ?? .unknown
        return Call(
            Presented(credential), action: action, resourceType: type, resourceID: id, traceID: traceID, holds: holds,
            door: .mcp)
    }

    static let unit = "calls"
    static let oneCall = CallAmounts([Amount(unit, 1)])!
}
