internal import HTTPTypes

/// What a door serves, by its path.
enum Route {
    case evaluation
    case evaluations
    case configuration
    case hold
    case settle(String)
    case release(String)
    case preview
    case events
    case live
    case ready
    case metrics

    /// Nil where there is nothing.
    init?(path: String) {
        if let fixed = Self.fixed[path] {
            self = fixed
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        guard parts.count == 4 else { return nil }
        switch (parts[0], parts[1], parts[3]) {
        case ("v1", "holds", "settle"): self = .settle(parts[2])
        case ("v1", "holds", "release"): self = .release(parts[2])
        default: return nil
        }
    }

    private static let fixed: [String: Route] = [
        "/access/v1/evaluation": .evaluation, "/access/v1/evaluations": .evaluations,
        "/.well-known/authzen-configuration": .configuration, "/v1/holds": .hold, "/v1/preview": .preview,
        "/v1/events": .events, "/livez": .live, "/readyz": .ready, "/metrics": .metrics,
    ]

    /// What is served there. HEAD is GET without its body (RFC 9110 section 9.3.2).
    var methods: [HTTPRequest.Method] {
        switch self {
        case .evaluation, .evaluations, .hold, .settle, .release, .preview: [.post]
        case .configuration, .events, .live, .ready, .metrics: [.get, .head]
        }
    }
}
