internal import PenstockCore
internal import PenstockHTTP

/// The top level of one line, read byte by byte: whatever its length and depth, it says under which id an answer belongs.
package struct Outline: Sendable, Equatable {
    /// An object's own members only; a value inside another is skipped.
    package private(set) var isObject = false
    package private(set) var hasMethod = false
    private var ids: [RequestID?] = []
    /// What divides values was seen where it belongs, and the object was closed.
    private var isClosed = false

    private var depth = 0
    private var isInText = false
    private var isEscaped = false
    /// The name or value that is being read, at depth 1; nil for one that is too long to matter, or no scalar.
    private var piece: [UInt8]? = []
    private var name: [UInt8]?

    package init() {}

    package init(_ bytes: some Sequence<UInt8>) {
        read(bytes)
    }

    /// The one id of a message; nil when there is none, or more than one reader could take for it.
    var id: RequestID? { ids.count == 1 ? ids[0] : nil }

    /// Nobody else's answer: a request that is a notification has no id.
    var isNotification: Bool { isObject && isClosed && hasMethod && ids.isEmpty }

    package mutating func read(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { read(byte) }
    }

    private mutating func read(_ byte: UInt8) {
        if isInText {
            keep(byte)
            if isEscaped { isEscaped = false } else if byte == UInt8(ascii: "\\") { isEscaped = true } else { isInText = byte != UInt8(ascii: "\"") }
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInText = true
            keep(byte)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if depth == 0 { isObject = byte == UInt8(ascii: "{") } else { piece = nil }
            depth += 1
            if depth == 1 { piece = [] }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            guard depth == 0 else { return }
            endMember()
            isClosed = true
        case UInt8(ascii: ",") where depth == 1: endMember()
        case UInt8(ascii: ":") where depth == 1:
            name = piece
            piece = []
        case 32, 9, 10, 13: break
        default: keep(byte)
        }
    }

    private mutating func keep(_ byte: UInt8) {
        guard depth == 1, let count = piece?.count else { return }
        if count < GatewayLimits.outlineBytes { piece!.append(byte) } else { piece = nil }
    }

    private mutating func endMember() {
        defer { (name, piece) = (nil, []) }
        guard let name, let text = (try? JSONParser.parse(name, .lenient))?.text else { return }
        switch ClientMessage.fold(text) {
        case "id":
            let value = piece.flatMap { try? JSONParser.parse($0) }
            if value != .null || text != "id" { ids.append(text == "id" ? RequestID(value) : nil) }
        case "method": hasMethod = true
        default: break
        }
    }
}
