/// Why a call was denied. Numbers are permanent; names are what JSON and documentation use.
///
/// Declared in the order in which a decision checks: the first failure is the one reported.
public enum Reason: UInt16, Sendable, CaseIterable, Hashable {
    case none = 0
    case malformed = 1
    case noView = 2
    case staleView = 3
    case unknownCredential = 4
    case credentialMismatch = 5
    case wrongAudience = 6
    case wrongWorkload = 7
    case revoked = 8
    case suspended = 9
    case notYetValid = 10
    case expired = 11
    case actionNotAllowed = 12
    case resourceOutOfBounds = 13
    case amountOverLimit = 14
    case approvalRequired = 15
    case rateLimited = 16
    case unitNotBudgeted = 17
    case budgetExhausted = 18
    case budgetHeldElsewhere = 19
    case duplicateMismatch = 20
    case unrecordable = 21
    /// The ledger has not answered yet; the budget may be there.
    case budgetPending = 22
    /// The call id was settled before.
    case alreadySettled = 23
    /// A call cost more than it held: an operator must decide on the debt.
    case budgetFrozen = 24
    /// The grant has its share of what the node can keep at once; others go on.
    case busy = 25
    /// An operator has closed a budget that the grant draws on.
    case budgetClosed = 26

    public var name: String {
        switch self {
        case .none: "none"
        case .malformed: "malformed"
        case .noView: "no_view"
        case .staleView: "stale_view"
        case .unknownCredential: "unknown_credential"
        case .credentialMismatch: "credential_mismatch"
        case .wrongAudience: "wrong_audience"
        case .wrongWorkload: "wrong_workload"
        case .revoked: "revoked"
        case .suspended: "suspended"
        case .notYetValid: "not_yet_valid"
        case .expired: "expired"
        case .actionNotAllowed: "action_not_allowed"
        case .resourceOutOfBounds: "resource_out_of_bounds"
        case .amountOverLimit: "amount_over_limit"
        case .approvalRequired: "approval_required"
        case .rateLimited: "rate_limited"
        case .unitNotBudgeted: "unit_not_budgeted"
        case .budgetExhausted: "budget_exhausted"
        case .budgetHeldElsewhere: "budget_held_elsewhere"
        case .duplicateMismatch: "duplicate_mismatch"
        case .unrecordable: "unrecordable"
        case .budgetPending: "budget_pending"
        case .alreadySettled: "already_settled"
        case .budgetFrozen: "budget_frozen"
        case .busy: "busy"
        case .budgetClosed: "budget_closed"
        }
    }

    /// Whether the same call may be allowed later without anyone issuing or lifting anything.
    public var isTransient: Bool {
        switch self {
        case .noView, .staleView, .notYetValid, .rateLimited, .budgetHeldElsewhere, .budgetPending, .unrecordable,
            .suspended, .busy:
            true
        default:
            false
        }
    }
}
