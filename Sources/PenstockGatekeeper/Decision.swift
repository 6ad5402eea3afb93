public import PenstockCore

/// The answer to one call.
public struct Decision: Sendable, Hashable {
    public var reason: Reason
    /// Names this decision in the journal, in the audit and in cancellations: `INCARNATION-SEQUENCE`. Empty for a
    /// denial that is counted instead of recorded by itself.
    public var decisionID: String
    /// For an allow: what `settle` and `release` take. A secret of whoever asked; empty for a denial.
    public var permitID: String
    public var grantID: String
    public var runID: String
    /// Of the view that decided.
    public var position: UInt64
    /// Upper bound of the view's age, in milliseconds; -1 when there was none.
    public var viewAgeMS: Int64
    /// For an allow: how long the permit may be used, in milliseconds from when the caller asked. It is counted
    /// when the answer leaves, so that whoever counts from then on must subtract what the answer took to come.
    public var validForMS: Int64
    /// For an allow that holds: how long the hold may stay open, in milliseconds, counted likewise. What is not ended
    /// until then is charged in full. 0 where nothing is held.
    public var openForMS: Int64
    /// For an allow: what this node's slices still hold of each unit that the call spent.
    public var remaining: [Amount]
    /// For a transient denial: when to try again, in milliseconds; 0 when nothing is known.
    public var retryAfterMS: Int64

    /// Which limit denied it, where one did.
    public var shortage: Shortage?

    /// What else there is to say to a person.
    public var detail: String

    public var isAllow: Bool { reason == .none }

    /// Whether the same call may be allowed later without anyone issuing or lifting anything: a budget's next window
    /// counts.
    public var isTransient: Bool { reason.isTransient || reason == .budgetExhausted && retryAfterMS > 0 }

    /// - Parameter permitID: the decision's id when absent, for gatekeepers that do not tell the two apart.
    public init(
        reason: Reason, decisionID: String = "", permitID: String? = nil, grantID: String = "", runID: String = "",
        position: UInt64 = 0, viewAgeMS: Int64 = -1,
        validForMS: Int64 = 0, openForMS: Int64 = 0, remaining: [Amount] = [], retryAfterMS: Int64 = 0,
        shortage: Shortage? = nil,
        detail: String = ""
    ) {
        self.reason = reason
        self.decisionID = decisionID
        self.permitID = permitID ?? (reason == .none ? decisionID : "")
        self.grantID = grantID
        self.runID = runID
        self.position = position
        self.viewAgeMS = viewAgeMS
        self.validForMS = validForMS
        self.openForMS = openForMS
        self.remaining = remaining
        self.retryAfterMS = retryAfterMS
        self.shortage = shortage
        self.detail = detail
    }
}
