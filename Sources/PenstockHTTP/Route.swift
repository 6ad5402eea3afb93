internal import HTTPTypes

/// What a door serves, by its path.
enum Route {
    case evaluation
    case evaluations
    case search(EvaluationCodec.Wanted)
    case configuration
    case authorize
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

    static let authorizePath = "/authorize"

    private static let fixed: [String: Route] = [
        "/access/v1/evaluation": .evaluation, "/access/v1/evaluations": .evaluations,
        "/access/v1/search/subject": .search(.subject), "/access/v1/search/resource": .search(.resource),
        "/access/v1/search/action": .search(.action),
        "/.well-known/authzen-configuration": .configuration, authorizePath: .authorize, "/v1/holds": .hold,
        "/v1/preview": .preview,
        "/v1/events": .events, "/livez": .live, "/readyz": .ready, "/metrics": .metrics,
    ]

    /// What is served there. HEAD is GET without its body (RFC 9110 section 9.3.2).
    var methods: [HTTPRequest.Method] {
        switch self {
        case .evaluation, .evaluations, .search, .hold, .settle, .release, .preview: [.post]
        // It decides, and may spend.
        case .authorize: [.get]
        case .configuration, .events, .live, .ready, .metrics: [.get, .head]
        }
    }
}
