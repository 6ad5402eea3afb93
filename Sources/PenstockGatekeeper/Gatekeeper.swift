public import PenstockCore

/// Whoever decides calls: the enforcer of this process, or one that is reached over its socket.
///
/// All methods may be called from any thread. None throws for a denial: what cannot be decided is denied, with its
/// reason.
public protocol Gatekeeper: Sendable {
    /// Decides one call and records the decision. Waits at most `patience` for a slice or, for a linearizable
    /// grant, for an echo. Where its task is cancelled while it waits, nothing is decided or recorded, and the answer
    /// is a denial that nobody hears.
    func check(_ call: Call, patience: Duration) async -> Decision

    /// Ends an allowed call that holds: charges each unit its actual amount. A unit that is not named is charged in
    /// full; what is above the hold is recorded as debt, and freezes every budget that it was drawn on.
    ///
    /// - Parameter priced: where the amounts come from, for the record.
    func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError)

    /// Ends an allowed call that never left: all goes back.
    func release(_ permitID: String) async throws(HoldError)

    /// Whether a call would be allowed now, apart from budgets and rates. Nothing is spent or recorded.
    func preview(_ call: Call) async -> Preview

    /// Decision ids of calls under way that must be stopped, because their grant was revoked or suspended; and after
    /// each restriction one without an id, since previews from before it say nothing any more.
    /// Ends when the gatekeeper stops or can no longer say.
    func cancellations() -> AsyncStream<Cancellation>
}

extension Gatekeeper {
    public func settle(_ permitID: String, actual: [Amount]) async throws(HoldError) {
        try await settle(permitID, actual: actual, priced: .none)
    }
}
