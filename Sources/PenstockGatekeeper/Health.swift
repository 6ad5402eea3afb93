public import PenstockCore

/// Whether a node may serve, as `/readyz` tells it.
public struct Health: Sendable, Hashable {
    public var viewApplied: Bool
    public var leaseHeld: Bool
    public var journalWritable: Bool
    /// Why the node has stopped for good, or nil.
    public var halted: String?

    public var isReady: Bool { viewApplied && leaseHeld && journalWritable && halted == nil }

    public init(viewApplied: Bool, leaseHeld: Bool, journalWritable: Bool, halted: String?) {
        self.viewApplied = viewApplied
        self.leaseHeld = leaseHeld
        self.journalWritable = journalWritable
        self.halted = halted
    }
}

/// One figure for `/metrics`.
public struct Metric: Sendable, Hashable {
    public var name: String
    public var help: String
    public var kind: Kind
    public var labels: [String: String]
    public var value: Double

    public enum Kind: String, Sendable {
        case counter, gauge
    }

    public init(_ name: String, _ help: String, _ kind: Kind, labels: [String: String] = [:], value: Double) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}

/// What a node's HTTP door tells about the node itself.
public protocol Observable: Sendable {
    func health() -> Health
    func metrics() -> [Metric]
    /// Whether a grant has this credential, as far as the node knows; true while it has no view to look in.
    func mayKnow(_ credential: Digest) -> Bool
}
