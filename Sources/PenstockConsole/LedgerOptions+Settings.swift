internal import PenstockCore
internal import PenstockLedger
internal import PenstockNode

extension LedgerOptions {
    static let keys = [
        "identity", "data", "decisions_megabytes", "decisions_keep_days", "decisions_keep_megabytes", "log_keep_days",
        "log_keep_megabytes", "archive", "snapshot_events", "grants_keep_seconds",
    ]

    init(_ identity: Identity, _ settings: FileSettings) throws(NodeError) {
        self.init(identity: identity, dataFolder: try settings.path("data"))
        decisionBytes = try settings.positive("decisions_megabytes", to: 1 << 30).map { $0 << 20 }
        decisionsKeptDays = try settings.positive("decisions_keep_days", to: 36_500)
        decisionsKeptBytes = try settings.positive("decisions_keep_megabytes", to: 1 << 30).map { $0 << 20 }
        logKeptDays = try settings.positive("log_keep_days", to: 36_500)
        logKeptBytes = try settings.positive("log_keep_megabytes", to: 1 << 30).map { $0 << 20 }
        archiveFolder = settings.optionalPath("archive")
        let events = try settings.integer("snapshot_events", default: Int(snapshotEvents), in: 100...100_000_000)
        snapshotEvents = UInt64(events)
        let kept = try settings.integer(
            "grants_keep_seconds", default: Int(grantsKeptMS / 1000), in: Int(Limits.keptMS / 1000)...3_153_600_000)
        grantsKeptMS = Int64(kept) * 1000
    }
}

extension FileSettings {
    /// Nil where it is 0 or absent.
    fileprivate func positive(_ key: String, to most: Int) throws(NodeError) -> Int? {
        let value = try integer(key, default: 0, in: 0...most)
        return value > 0 ? value : nil
    }
}
