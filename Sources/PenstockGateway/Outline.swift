internal import PenstockJSON

/// The top level of one line, read byte by byte: whatever its length and depth, it says under which ids answers belong.
package struct Outline: Sendable, Equatable {
    /// What one message, alone or in a batch, says of itself.
    struct Message: Sendable, Equatable {
        /// Each once. A reader may take any of them for the message's own.
        fileprivate(set) var ids: [RequestID] = []
        fileprivate(set) var hasMethod = false
        /// It has an id that is none, or one that cannot be read.
        fileprivate var hasOtherID = false

        fileprivate mutating func add(_ id: RequestID?) {
            guard let id else { return hasOtherID = true }
            if !ids.contains(id), ids.count < GatewayLimits.outlineIDs { ids.append(id) }
        }
    }

    private var ended: [Message] = []
    private var message = Message()
    /// An object's own members only; a value inside another is skipped.
    private var isInMessage = false
    private var isBatch = false
    private var isClosed = false

    private var depth = 0
    private var isInText = false
    private var isEscaped = false
    /// The name or value that is being read, of a message's own; nil for one that is too long to matter, or no scalar.
    private var piece: [UInt8]? = []
    private var name: [UInt8]?

    package init() {}

    package init(_ bytes: some Sequence<UInt8>) {
        read(bytes)
    }

    var messages: [Message] { isInMessage ? ended + [message] : ended }

    /// Nobody else's answer: a request that is a notification has no id.
    var isNotification: Bool {
        isClosed && !isBatch && ended.count == 1 && !isInMessage && ended[0].hasMethod && ended[0].ids.isEmpty
            && !ended[0].hasOtherID
    }

    /// Where a message's own members are.
    private var level: Int { isBatch ? 2 : 1 }

    package mutating func read(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { read(byte) }
    }

    private mutating func read(_ byte: UInt8) {
        if isInText {
            keep(byte)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                isInText = byte != UInt8(ascii: "\"")
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInText = true
            keep(byte)
        case UInt8(ascii: "{"), UInt8(ascii: "["): open(isObject: byte == UInt8(ascii: "{"))
        case UInt8(ascii: "}"), UInt8(ascii: "]"): close()
        case UInt8(ascii: ",") where depth == level: endMember()
        case UInt8(ascii: ":") where depth == level:
            name = piece
            piece = []
        case 32, 9, 10, 13: break
        default: keep(byte)
        }
    }

    private mutating func open(isObject: Bool) {
        if depth == 0 { isBatch = !isObject }
        if depth == level - 1 {
            isInMessage = isObject
            (message, name, piece) = (Message(), nil, [])
        } else {
            piece = nil
        }
        depth += 1
    }

    private mutating func close() {
        depth -= 1
        if depth == level - 1 {
            endMember()
            if isInMessage, ended.count < GatewayLimits.outstanding { ended.append(message) }
            isInMessage = false
        }
        if depth == 0 { isClosed = true }
    }

    private mutating func keep(_ byte: UInt8) {
        guard isInMessage, depth == level, let count = piece?.count else { return }
        if count < GatewayLimits.outlineBytes { piece!.append(byte) } else { piece = nil }
    }

    private mutating func endMember() {
        defer { (name, piece) = (nil, []) }
        guard let name, let text = (try? JSONParser.parse(name, .lenient))?.text else { return }
        switch ClientMessage.fold(text) {
        case "id":
            let value = piece.flatMap { try? JSONParser.parse($0) }
            if value != .null || text != "id" { message.add(RequestID(value)) }
        case "method": message.hasMethod = message.hasMethod || piece != Array("null".utf8)
        default: break
        }
    }
}
