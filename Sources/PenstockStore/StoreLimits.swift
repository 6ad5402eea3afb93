/// Every bound of the store, with its reason.
package enum StoreLimits {
    /// The largest event: its length fits two bytes, as in the tiles that the log is exported in.
    package static let eventBytes = 65_535

    /// The largest batch of decisions: one transaction's worth of memory on both sides.
    package static let decisionBatchBytes = 4 << 20

    /// How much one read of decision batches may hold in memory.
    package static let decisionReadBytes = 16 << 20

    /// Up to this size a log is verified whole when it is opened (well under a second); above, its structure only,
    /// and the events as they are read.
    package static let verifiedOnOpenBytes = 64 << 20
}
