package import PenstockHTTP

/// A JSON-RPC request id: a string or a whole number.
///
/// `1` and `"1"` are the same here, because some servers answer one for the other.
package struct RequestID: Hashable, Sendable {
    /// As it is sent back.
    package let json: JSON
    private let text: String

    /// Nil for null, fractions, and what is longer than the limit.
    package init?(_ json: JSON?) {
        switch json {
        case .string(let text): self.text = text
        case .number(let text) where text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }) && text != "-0": self.text = text
        default: return nil
        }
        guard text.utf8.count <= GatewayLimits.idBytes else { return nil }
        self.json = json!
    }

    package static func == (a: RequestID, b: RequestID) -> Bool { a.text == b.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
