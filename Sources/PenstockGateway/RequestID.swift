package import PenstockJSON

/// A JSON-RPC id: a string or a number. Two are the same when type and bytes are: not `4` and `"4"`, nor two texts that
/// only Unicode takes for one.
package struct RequestID: Hashable, Sendable {
    /// As it is sent back.
    package let json: JSON
    private let text: String
    private let isText: Bool

    /// Nil for what is neither a string nor a number.
    package init?(_ json: JSON?) {
        switch json {
        case .string(let text): (self.text, isText) = (text, true)
        case .number(let text): (self.text, isText) = (text, false)
        default: return nil
        }
        self.json = json!
    }

    /// Why no request may have it, or nil. A fraction or an exponent is another number to one reader than to the next.
    var problem: String? {
        if text.utf8.count > GatewayLimits.idBytes { return "id is longer than \(GatewayLimits.idBytes) bytes" }
        let isWhole = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 45 } && text != "-0"
        return isText || isWhole ? nil : "id must be a string or a whole number"
    }

    /// Whether a careless peer may write this one for the other: `"4"` for 4, or a number that went through floating
    /// point.
    func resembles(_ other: RequestID) -> Bool {
        if text.utf8.elementsEqual(other.text.utf8) { return true }
        guard !isText, !other.isText, let own = Double(text) else { return false }
        return own == Double(other.text)
    }

    package static func == (a: RequestID, b: RequestID) -> Bool {
        a.isText == b.isText && a.text.utf8.elementsEqual(b.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(isText)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
