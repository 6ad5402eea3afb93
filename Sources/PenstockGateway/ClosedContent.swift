internal import PenstockHTTP
internal import PenstockJSON

/// What passes without a decision of its own, made anew from the members that the protocol knows: a message that
/// nobody decides must have no room for anything else.
enum ClosedContent {
    /// The parameters of a method that only needs a live grant.
    ///
    /// - Returns: nil for none; an error's text for what does not fit.
    static func params(_ method: String, _ params: JSON) throws(Unfit) -> JSON? {
        var members: [JSON.Member] = []
        func add(_ name: String, _ value: JSON?) {
            if let value { members.append(.init(name, value)) }
        }
        switch method {
        case "initialize":
            add("protocolVersion", try text(params, "protocolVersion"))
            add("capabilities", try tree(params, "capabilities") ?? .object([]))
            add("clientInfo", try party(params, "clientInfo"))
        case "notifications/progress":
            add("progressToken", try token(params, "progressToken"))
            add("progress", try number(params, "progress"))
            add("total", try number(params, "total"))
            add("message", try text(params, "message"))
        case _ where method.hasSuffix("/list"):
            add("cursor", try text(params, "cursor", most: GatewayLimits.cursorBytes))
        default: break
        }
        add("_meta", try meta(params))
        return members.isEmpty ? nil : .object(members)
    }

    struct Unfit: Error, Equatable {
        var what: String
    }

    private static func meta(_ params: JSON) throws(Unfit) -> JSON? {
        guard let meta = present(params, "_meta") else { return nil }
        var members: [JSON.Member] = []
        for member in meta.members ?? [] {
            let value: JSON? =
                switch member.key {
                case "progressToken": try token(meta, member.key)
                case "traceparent": member.value.text.flatMap { TraceParent.traceID($0) == nil ? nil : .string($0) }
                case "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/logLevel":
                    try text(meta, member.key)
                case "io.modelcontextprotocol/clientInfo": try party(meta, member.key)
                case "io.modelcontextprotocol/clientCapabilities": try tree(meta, member.key)
                default: nil
                }
            if let value { members.append(.init(member.key, value)) }
        }
        return members.isEmpty ? nil : .object(members)
    }

    private static func party(_ json: JSON, _ name: String) throws(Unfit) -> JSON? {
        guard let party = present(json, name) else { return nil }
        guard party.members != nil else { throw Unfit(what: "\(name) must be an object") }
        return .members([
            "name": try text(party, "name"), "title": try text(party, "title"), "version": try text(party, "version"),
        ])
    }

    private static func present(_ json: JSON, _ name: String) -> JSON? {
        let value = json[name]
        return value == .null ? nil : value
    }

    private static func text(_ json: JSON, _ name: String, most: Int = GatewayLimits.closedTextBytes) throws(Unfit)
        -> JSON?
    {
        guard let value = present(json, name) else { return nil }
        guard let text = value.text, text.utf8.count <= most else {
            throw Unfit(what: "\(name) must be a string of at most \(most) bytes")
        }
        return value
    }

    private static func number(_ json: JSON, _ name: String) throws(Unfit) -> JSON? {
        guard let value = present(json, name) else { return nil }
        guard case .number(let text) = value, text.utf8.count <= GatewayLimits.closedTextBytes else {
            throw Unfit(what: "\(name) must be a number")
        }
        return value
    }

    private static func token(_ json: JSON, _ name: String) throws(Unfit) -> JSON? {
        guard let value = present(json, name) else { return nil }
        guard let id = RequestID(value), id.problem == nil else {
            throw Unfit(what: "\(name) must be a string or a whole number")
        }
        return value
    }

    /// Capabilities, whose names grow with the protocol: bounded as a whole.
    private static func tree(_ json: JSON, _ name: String) throws(Unfit) -> JSON? {
        guard let tree = present(json, name) else { return nil }
        guard tree.members != nil, tree.bytes.count <= GatewayLimits.capabilitiesBytes else {
            throw Unfit(what: "\(name) must be an object of at most \(GatewayLimits.capabilitiesBytes) bytes")
        }
        return tree
    }
}
