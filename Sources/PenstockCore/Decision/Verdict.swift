/// What a decision came to, as plain values. What it took is in its shard's `debits`.
public struct Verdict: Sendable, Hashable {
    public package(set) var reason: Reason
    /// Of the decision's record; 0 when it is not recorded.
    public package(set) var sequence: UInt64 = 0
    /// CLOCK_BOOTTIME in nanoseconds; an allow must not be used later.
    public package(set) var usableUntil: Int64
    /// Of the view that decided.
    public package(set) var position: UInt64
    /// Upper bound of the view's age in nanoseconds; -1 when there was none.
    public package(set) var viewAge: Int64
    /// For a denial that time may undo: nanoseconds after which the call may fit, as far as this node knows.
    public package(set) var retryAfter: Int64 = 0
    /// The grant's index in the view, or -1 where none was found.
    package var grant: Int32
    /// The shard that decided: what the call holds lies there.
    package var shard: Int32 = 0
    /// The account of the first unit that lacks, or -1; the rest of the call waits for it.
    package var lacking: Int32 = -1
    package var shortfall: Int64 = 0
    /// The journal could not take its record.
    package var isUnwritable = false
    /// What it takes of the unit `calls`, where that is metered; whatever the call says, it is one.
    package var calls: Int64 = 0
    package var shortageBox = ShortageBox.none

    /// Which limit denied it, where one did.
    public var shortage: Shortage? { shortageBox.shortage }
    public var isAllow: Bool { reason == .none }

    package init(reason: Reason, grant: Int32, position: Position, viewAge: Nanoseconds, usableUntil: Instant) {
        (self.reason, self.grant, self.position) = (reason, grant, position)
        (self.viewAge, self.usableUntil) = (viewAge, usableUntil)
    }
}
