/// What the ledger says of slices.
extension Follower {
    /// A slice that the ledger counts as open for some incarnation of this node.
    package struct OpenSlice: Sendable {
        package var slice: Position
        package var incarnation: Incarnation
        package var amount: Int64
        package var used: Int64

        package init(slice: Position, incarnation: Incarnation, amount: Int64, used: Int64) {
            self.slice = slice
            self.incarnation = incarnation
            self.amount = amount
            self.used = used
        }
    }

    /// Why nothing came of what a call lacked.
    package struct Lack: Sendable {
        package var part: Purse.Reserve.Part
        package var reason: Reason
        package var shortage: Shortage
        package var retryAfter: Nanoseconds

        /// Nothing but an event changes it.
        var isFinal: Bool { reason == .budgetExhausted || reason == .budgetClosed }

        package init(
            _ part: Purse.Reserve.Part, in shard: Int32, _ refusal: SliceAnswer.Refused,
            _ enforcement: borrowing Enforcement
        ) {
            self.part = part
            reason = enforcement.reason(refusal, of: part, in: shard)
            shortage = enforcement.shortage(refusal, of: part, in: shard)
            retryAfter = refusal.retryAfterMS * .nanosecondsPerMillisecond
            if reason == .budgetExhausted, refusal.code != .budgetExhausted { retryAfter = 0 }
            // Nobody can call back what calls under way hold: it comes when they end, whenever that is.
            if reason == .budgetHeldElsewhere, shortage.heldElsewhere == 0 { retryAfter = Self.heldRetry }
        }

        /// How soon it is worth to look again whether a call under way has ended.
        static let heldRetry = Nanoseconds.nanosecondsPerSecond
    }
}
