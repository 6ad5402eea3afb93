public import PenstockCore

/// What a decision came to, as plain values: the form for callers that count nanoseconds.
public struct Ruling: Sendable, Hashable {
    public var reason: Reason
    /// Of the decision's record; 0 when it is not recorded.
    public var sequence: UInt64
    /// CLOCK_BOOTTIME in nanoseconds; an allow must not be used later.
    public var usableUntil: Int64
    public var position: UInt64
    public var viewAge: Int64
    package var grant: Int32
    package var lacking: Int32
    package var shortfall: Int64
    /// Which limit denied it, where one did.
    package var shortageBox: ShortageBox
    public var shortage: Shortage? { shortageBox.shortage }
    /// For a denial that time may undo: nanoseconds after which the call may fit, as far as this node knows.
    public var retryAfter: Int64

    public var isAllow: Bool { reason == .none }

    init(_ verdict: borrowing Verdict) {
        (reason, sequence, usableUntil, position) = (verdict.reason, verdict.sequence, verdict.usableUntil, verdict.position)
        (viewAge, grant, lacking, shortfall) = (verdict.viewAge, verdict.grant, verdict.lacking, verdict.shortfall)
        (retryAfter, shortageBox) = (verdict.retryAfter, verdict.shortage)
    }

    /// What was decided, as the core has it.
    var verdict: Verdict {
        var verdict = Verdict(reason: reason, grant: grant, position: position, viewAge: viewAge, usableUntil: usableUntil)
        (verdict.lacking, verdict.shortfall, verdict.retryAfter, verdict.shortage) = (lacking, shortfall, retryAfter, shortageBox)
        return verdict
    }
}
