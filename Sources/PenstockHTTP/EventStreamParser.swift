/// Reads server-sent events (WHATWG HTML section 9.2) of which each fits in memory.
package struct EventStreamParser {
    package struct Event: Equatable {
        package var name: String
        package var data: String
    }

    package init() {}

    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    /// A line or an event was beyond its limit: nothing is read from there on.
    package private(set) var isBroken = false

    package mutating func read(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes where !isBroken {
            guard byte == 10 else {
                if line.count < HTTPLimits.eventLineBytes { line.append(byte) } else { isBroken = true }
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
        case "data":
            if data.count < HTTPLimits.eventDataLines { data.append(String(value)) } else { isBroken = true }
        default: break
        }
        return nil
    }
}
