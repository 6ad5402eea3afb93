/// Where a call came in. Numbers are permanent: they lie in records.
public enum Door: UInt8, Sendable, CaseIterable, Hashable {
    /// Of records that are about no call, and of those before doors were recorded.
    case unknown = 0
    /// Asked in this process.
    case library = 1
    case unixSocket = 2
    case tcp = 3
    /// A gateway in this process.
    case mcp = 4

    public var name: String {
        switch self {
        case .unknown: ""
        case .library: "library"
        case .unixSocket: "unix"
        case .tcp: "tcp"
        case .mcp: "mcp"
        }
    }
}
