extension Follower {
    /// What the node asks the ledger for.
    package enum Ask: Equatable, Sendable {
        /// Whether its log extends the one seen before the restart.
        case prefix(Position)
        case snapshot
        case echo(nonce: UInt64, RateStatement)
        case fetch(from: Position)
        case acknowledge(urgent: [Position], ended: Bool)
        case reserve(Purse.Reserve, SliceRequest)
        case report([AccountID: [SliceReport.Use]])
        case close([SliceReport.Use], of: Incarnation, reason: String, bySuccessor: Bool)
        case owe(Debt)
        /// The slices that incarnations of this node have open, after one.
        case openSlices(after: Position)
        case snapshotChunk(of: Position, offset: Int)
        case cosign(size: Position, root: Digest)
        case checkpoint(of: Position)
        case ship(DecisionBatch, records: [UInt8])

        /// Whether it is sent again until it is answered.
        package var retries: Bool {
            switch self {
            case .reserve, .report, .close, .owe, .snapshotChunk, .cosign, .ship: true
            case .prefix, .snapshot, .echo, .fetch, .acknowledge, .openSlices, .checkpoint: false
            }
        }
    }

    /// Kinds of requests that are under way: they are not made twice.
    package struct Awaited: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let prefix = Awaited(rawValue: 1)
        package static let snapshot = Awaited(rawValue: 2)
        package static let fetch = Awaited(rawValue: 4)
        package static let slices = Awaited(rawValue: 8)
        package static let report = Awaited(rawValue: 16)
        package static let close = Awaited(rawValue: 32)
        package static let owe = Awaited(rawValue: 64)
        package static let shipment = Awaited(rawValue: 128)

        package init(_ ask: Ask) {
            switch ask {
            case .prefix: self = .prefix
            case .snapshot, .snapshotChunk: self = .snapshot
            case .fetch: self = .fetch
            case .openSlices: self = .slices
            case .report: self = .report
            case .close(_, _, _, let bySuccessor): self = bySuccessor ? .slices : .close
            case .owe: self = .owe
            case .ship: self = .shipment
            case .echo, .acknowledge, .reserve, .cosign, .checkpoint: self = []
            }
        }
    }
}
