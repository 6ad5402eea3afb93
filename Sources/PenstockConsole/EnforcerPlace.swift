internal import PenstockNode

/// An enforcer's address as people write it, in a flag, a variable or a configuration.
enum EnforcerPlace {
    static let forms = "unix:PATH or http://HOST:PORT with a loopback address"

    /// - Parameter absolute: what a relative path is meant from.
    static func endpoint(_ text: String, _ absolute: (String) -> String) throws(NodeError) -> String {
        guard text.hasPrefix("unix:") else { return text }
        let path = String(text.dropFirst(5))
        guard !path.isEmpty else { throw NodeError(.configuration, "'\(text)' names no socket; write \(forms)") }
        return "unix:" + absolute(path)
    }

    static func fromHere(_ path: String) -> String { Paths.absolute(path) }
}
