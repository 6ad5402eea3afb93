internal import PenstockJSON

/// One line of the client, read so strictly that no server can read it otherwise.
///
/// The bytes are forwarded as they came. So whatever a more tolerant reader might take for another message is
/// refused: members that come twice (also in another case, as Go's `encoding/json` folds them), a carriage return
/// inside the line (a line break to Python's universal newlines), batches, half surrogates.
enum ClientMessage {
    case request(RequestID, method: String, params: JSON)
    case notification(method: String, params: JSON)
    case response(RequestID, JSON)

    struct Refusal: Error, Equatable {
        var code: Int
        var message: String
        /// Those that are owed an answer, as far as they can be read: of each request, if it is a batch.
        var ids: [RequestID] = []
        /// What may be answers to the server's questions.
        var answers: [RequestID] = []
        /// Nobody waits for an answer, and none may come.
        var isNotification = false

        static func tooLong(_ outline: Outline) -> Refusal {
            Refusal(-32600, "the line is longer than \(GatewayLimits.clientLineBytes) bytes", outline)
        }

        init(code: Int, message: String, ids: [RequestID] = [], answers: [RequestID] = [], isNotification: Bool = false)
        {
            (self.code, self.message, self.ids, self.answers, self.isNotification) = (
                code, message, ids, answers, isNotification
            )
        }

        init(_ code: Int, _ message: String, _ outline: Outline) {
            self.init(
                code: code, message: message, ids: outline.messages.filter(\.hasMethod).flatMap(\.ids),
                answers: outline.messages.filter { !$0.hasMethod }.flatMap(\.ids),
                isNotification: outline.isNotification)
        }
    }

    static func read(_ line: [UInt8]) throws(Refusal) -> ClientMessage {
        guard line.count <= GatewayLimits.clientLineBytes else { throw .tooLong(Outline(line)) }
        guard !line.contains(13), !line.contains(10) else {
            throw Refusal(-32600, "a line break inside a message", Outline(line))
        }
        let json: JSON
        do {
            json = try JSONParser.parse(line)
        } catch {
            switch error {
            case .syntax: throw Refusal(-32700, "not JSON", Outline(line))
            case .tooDeep: throw Refusal(-32600, "nested deeper than \(JSONParser.depth) levels", Outline(line))
            case .ambiguous(let what): throw Refusal(-32600, what, Outline(line))
            }
        }
        if let elements = json.elements {
            func ids(_ isRequest: Bool) -> [RequestID] {
                elements.compactMap { ($0["method"] != nil) == isRequest ? RequestID($0["id"]) : nil }
            }
            throw Refusal(code: -32600, message: "batches are not supported", ids: ids(true), answers: ids(false))
        }
        do {
            return try message(json)
        } catch {
            throw Refusal(error.code, error.message, Outline(line))
        }
    }

    private static func message(_ json: JSON) throws(Refusal) -> ClientMessage {
        func wrong(_ message: String) -> Refusal { Refusal(code: -32600, message: message) }
        guard json.members != nil else { throw wrong("a message is an object") }
        try spelled(json, ["jsonrpc", "id", "method", "params", "result", "error"])
        guard json["jsonrpc"] == .string("2.0") else { throw wrong("jsonrpc must be \"2.0\"") }
        let isAnonymous = (json["id"] ?? .null) == .null
        let id = RequestID(json["id"])
        guard id != nil || isAnonymous else { throw wrong("id must be a string or a whole number") }
        if let problem = id?.problem { throw wrong(problem) }
        guard let method = json["method"] else {
            let isError = (json["error"] ?? .null) != .null
            guard let id, isError != (json["result"] != nil && (json["result"] != .null || !isError)) else {
                throw wrong("neither a request nor a response")
            }
            return .response(id, json)
        }
        guard let method = method.text, !method.isEmpty, !method.utf8.contains(0) else {
            throw wrong("method must be a string")
        }
        guard json["result"] == nil, json["error"] == nil else { throw wrong("both a request and a response") }
        let params = object(json["params"])
        guard params.members != nil else { throw wrong("params must be an object") }
        try spelled(params, ["name", "arguments", "uri", "taskId", "requestId", "ref", "cursor", "_meta"])
        if let reference = params["ref"] { try spelled(reference, ["type", "name", "uri"]) }
        if let arguments = params["arguments"] { try distinct(arguments, depth: GatewayLimits.attributeDepth) }
        guard let id else {
            guard method.hasPrefix("notifications/") else { throw wrong("a request needs an id") }
            return .notification(method: method, params: params)
        }
        guard !method.hasPrefix("notifications/") else { throw wrong("a notification has no id") }
        return .request(id, method: method, params: params)
    }

    /// `null` is absent, as common servers have it.
    static func object(_ json: JSON?) -> JSON { json == nil || json == .null ? .object([]) : json! }

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

    /// Without case, as the laxest of readers has it: letters that share a capital, such as s and \u{17F}, are one.
    static func fold(_ name: String) -> String {
        func mapped(_ text: String, _ mapping: (Unicode.Scalar.Properties) -> String) -> String {
            text.unicodeScalars.reduce(into: "") { $0 += mapping($1.properties) }
        }
        if name.utf8.allSatisfy({ $0 < 128 }) { return mapped(name, \.lowercaseMapping) }
        return mapped(mapped(mapped(name, \.lowercaseMapping), \.uppercaseMapping), \.lowercaseMapping)
    }
}
