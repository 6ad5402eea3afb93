/// Reads server-sent events (WHATWG HTML section 9.2) of which each fits in memory.
package struct EventStreamParser {
    package struct Event: Equatable {
        package var name: String
        package var data: String
    }

    package init() {}

    /// A cancellation is some two hundred bytes.
    package static let lineBytes = 16 * 1024

    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    package private(set) var isBroken = false

    package mutating func read(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            guard byte == 10 else {
                if line.count < Self.lineBytes { line.append(byte) } else { isBroken = true }
                continue
            }
            if line.last == 13 { line.removeLast() }
            if let event = endLine() { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func endLine() -> Event? {
        if line.isEmpty {
            defer {
                name = ""
                data = []
            }
            return data.isEmpty ? nil : Event(name: name, data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let field = text.prefix { $0 != ":" }
        var value = text.dropFirst(field.count + 1)
        if value.first == " " { value = value.dropFirst() }
        switch field {
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: break
        }
        return nil
    }
}
