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
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch parts.count {
        case 1:
            switch parts[0] {
            case "livez": self = .live
            case "readyz": self = .ready
            case "metrics": self = .metrics
            default: return nil
            }
        case 2:
            switch (parts[0], parts[1]) {
            case (".well-known", "authzen-configuration"): self = .configuration
            case ("v1", "holds"): self = .hold
            case ("v1", "preview"): self = .preview
            case ("v1", "events"): self = .events
            default: return nil
            }
        case 3:
            switch (parts[0], parts[1], parts[2]) {
            case ("access", "v1", "evaluation"): self = .evaluation
            case ("access", "v1", "evaluations"): self = .evaluations
            default: return nil
            }
        case 4:
            switch (parts[0], parts[1], parts[3]) {
            case ("v1", "holds", "settle"): self = .settle(parts[2])
            case ("v1", "holds", "release"): self = .release(parts[2])
            default: return nil
            }
        default: return nil
        }
    }

    /// What is served there. HEAD is GET without its body (RFC 9110 section 9.3.2).
    var methods: [HTTPRequest.Method] {
        switch self {
        case .evaluation, .evaluations, .hold, .settle, .release, .preview: [.post]
        case .configuration, .events, .live, .ready, .metrics: [.get, .head]
        }
    }
}
