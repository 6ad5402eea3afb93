public import PenstockCore

/// Whoever decides calls: the enforcer of this process, or one that is reached over its socket.
///
/// All methods may be called from any thread. None throws for a denial: what cannot be decided is denied, with its reason.
public protocol Gatekeeper: Sendable {
    /// Decides one call and records the decision. Waits at most `patience` for a slice or, for a linearizable
    /// grant, for an echo. Where its task is cancelled while it waits, nothing is decided or recorded, and the answer is a
    /// denial that nobody hears.
    func check(_ call: Call, patience: Duration) async -> Decision

    /// Ends an allowed call that holds: charges each unit its actual amount. A unit that is not named is charged in full;
    /// what is above the hold is recorded as debt, and freezes every budget that it was drawn on.
    ///
    /// - Parameter priced: where the amounts come from, for the record.
    func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError)

    /// Ends an allowed call that never left: all goes back.
    func release(_ permitID: String) async throws(HoldError)

    /// Whether a call would be allowed now, apart from budgets and rates. Nothing is spent or recorded.
    func preview(_ call: Call) async -> Preview

    /// Decision ids of calls under way that must be stopped, because their grant was revoked or suspended; and after each
    /// restriction one without an id, since previews from before it say nothing any more.
    /// Ends when the gatekeeper stops or can no longer say.
    func cancellations() -> AsyncStream<Cancellation>
}

extension Gatekeeper {
    public func settle(_ permitID: String, actual: [Amount]) async throws(HoldError) {
        try await settle(permitID, actual: actual, priced: .none)
    }
}

/// What a call would come to.
public struct Preview: Sendable, Hashable {
    public var reason: Reason
    /// How long that is known: to the end of the lease or of the grant, in milliseconds.
    public var validForMS: Int64
    /// What else there is to say to a person.
    public var detail: String

    public init(reason: Reason, validForMS: Int64 = 0, detail: String = "") {
        self.reason = reason
        self.validForMS = validForMS
        self.detail = detail
    }
}

/// A call under way that must stop.
public struct Cancellation: Sendable, Hashable {
    /// Empty for a restriction of anybody.
    public var decisionID: String
    public var reason: Reason
    /// Whose call it is; zero where that is not known, or it is about anybody.
    public var credential: Digest

    public init(decisionID: String, reason: Reason, credential: Digest = .zero) {
        self.decisionID = decisionID
        self.reason = reason
        self.credential = credential
    }
}

/// Why a hold could not be ended.
public enum HoldError: Error, Sendable, Hashable {
    /// No permit of this node's, or ended before.
    case unknownHold
    case malformed
    /// More of a unit than any call may spend. The hold stands as it was.
    case overLimit
    /// A unit that was neither held nor has a budget. The hold stands as it was.
    case notCharged(String)
    /// Settled before: a hold is settled once.
    case alreadySettled
    case alreadyReleased
    /// It was open for longer than a hold may be, and is charged in full.
    case overdue
    /// Another node gave the permit, or an earlier run of this one: it is ended where it was given.
    case otherNode
    /// The end cannot be recorded; the hold stays charged in full.
    case unrecordable
    case unreachable
}

extension HoldError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownHold: "no such hold there, or it was ended before"
        case .malformed: "too many amounts, or a unit without a name"
        case .overLimit: "an amount is at most \(Limits.amount)"
        case .notCharged(let unit): "\(unit.isEmpty ? "a unit" : "'\(unit.prefix(64))'") was not held, and no budget of the grant has it"
        case .alreadySettled: "the hold was settled before"
        case .alreadyReleased: "the hold was released before"
        case .overdue: "the hold was open for too long, and was charged in full"
        case .otherNode: "another node gave this permit, or an earlier run of this one"
        case .unrecordable: "the end cannot be recorded"
        case .unreachable: "the node that holds it cannot be reached"
        }
    }
}
