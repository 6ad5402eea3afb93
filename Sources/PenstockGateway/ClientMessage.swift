internal import PenstockHTTP

/// One line of the client, read so strictly that no server can read it otherwise.
///
/// The bytes are forwarded as they came. So whatever a more tolerant reader might take for another message is
/// refused: members that come twice (also in another case, as Go's `encoding/json` folds them), a carriage return
/// inside the line (a line break to Python's universal newlines), batches, half surrogates.
enum ClientMessage {
    case request(RequestID, method: String, params: JSON)
    case notification(method: String, params: JSON)
    case response(RequestID)

    struct Refusal: Error, Equatable {
        var code: Int
        var message: String
        /// Where it could be read beyond doubt.
        var id: RequestID?
    }

    static func read(_ line: [UInt8]) throws(Refusal) -> ClientMessage {
        guard line.count <= GatewayLimits.clientLineBytes else { throw Refusal(code: -32600, message: "the line is too long") }
        guard !line.contains(13), !line.contains(10) else { throw Refusal(code: -32600, message: "a line break inside a message") }
        let json: JSON
        do {
            json = try JSONParser.parse(line)
        } catch {
            switch error {
            case .syntax: throw Refusal(code: -32700, message: "not JSON")
            case .tooDeep: throw Refusal(code: -32600, message: "nested too deeply", id: idAlone(line))
            case .ambiguous(let what): throw Refusal(code: -32600, message: what, id: idAlone(line))
            }
        }
        do {
            return try message(json)
        } catch {
            throw Refusal(code: error.code, message: error.message, id: RequestID(json["id"]))
        }
    }

    /// Only for the answer to a line that is refused.
    private static func idAlone(_ line: [UInt8]) -> RequestID? {
        guard let members = (try? JSONParser.parse(line, .lenient))?.members else { return nil }
        let ids = members.filter { fold($0.key) == "id" }
        return ids.count == 1 && ids[0].key == "id" ? RequestID(ids[0].value) : nil
    }

    private static func message(_ json: JSON) throws(Refusal) -> ClientMessage {
        guard json.members != nil else {
            throw Refusal(code: -32600, message: json.elements == nil ? "a message is an object" : "batches are not supported")
        }
        try spelled(json, ["jsonrpc", "id", "method", "params", "result", "error"])
        guard json["jsonrpc"] == .string("2.0") else { throw Refusal(code: -32600, message: "jsonrpc must be \"2.0\"") }
        let id = RequestID(json["id"])
        guard id != nil || json["id"] == nil else { throw Refusal(code: -32600, message: "id must be a string or a whole number") }
        guard let method = json["method"] else {
            guard let id, (json["result"] == nil) != (json["error"] == nil) else {
                throw Refusal(code: -32600, message: "neither a request nor a response")
            }
            return .response(id)
        }
        guard let method = method.text, !method.isEmpty, !method.utf8.contains(0) else {
            throw Refusal(code: -32600, message: "method must be a string")
        }
        guard json["result"] == nil, json["error"] == nil else { throw Refusal(code: -32600, message: "both a request and a response") }
        let params = json["params"] ?? .object([])
        guard params.members != nil else { throw Refusal(code: -32600, message: "params must be an object") }
        try spelled(params, ["name", "arguments", "uri", "taskId", "requestId", "_meta"])
        if let arguments = params["arguments"] { try distinct(arguments, depth: GatewayLimits.attributeDepth) }
        guard let id else {
            guard method.hasPrefix("notifications/") else { throw Refusal(code: -32600, message: "a request needs an id") }
            return .notification(method: method, params: params)
        }
        guard !method.hasPrefix("notifications/") else { throw Refusal(code: -32600, message: "a notification has no id") }
        return .request(id, method: method, params: params)
    }

    /// Refuses members that differ only in case from one that policy reads.
    private static func spelled(_ json: JSON, _ names: [String]) throws(Refusal) {
        for member in json.members ?? [] {
            let folded = fold(member.key)
            for name in names where member.key != name && folded == fold(name) {
                throw Refusal(code: -32600, message: "member \(member.key.prefix(64)) must be spelled \(name)")
            }
        }
    }

    /// Refuses arguments that only their case tells apart, as deep as conditions can reach.
    private static func distinct(_ json: JSON, depth: Int) throws(Refusal) {
        guard depth > 0 else { return }
        var seen: Set<String> = []
        for member in json.members ?? [] {
            guard seen.insert(fold(member.key)).inserted else {
                throw Refusal(code: -32600, message: "argument comes twice: \(member.key.prefix(64))")
            }
            try distinct(member.value, depth: depth - 1)
        }
        for element in json.elements ?? [] { try distinct(element, depth: depth - 1) }
    }

    /// Simple case folding, with the two letters outside ASCII that fold into it.
    static func fold(_ name: String) -> String {
        var folded = ""
        for scalar in name.unicodeScalars {
            switch scalar.value {
            case 0x17F: folded += "s"
            case 0x212A: folded += "k"
            default: folded += scalar.properties.lowercaseMapping
            }
        }
        return folded
    }
}
