extension CallTable {
    /// A call under way, by the sequence number of its decision.
    package struct Hold: Sendable {
        package var decision: UInt64
        package var grant: Int32
        package var debits: [Debit]
        /// What the call declared: the most that it may be settled for, metered or not.
        package var amounts: CallAmounts
        /// What it took of the unit `calls`; 0 where that is not metered.
        package var calls: Int64
        package var call: HeldCall
        package var usableUntil: Instant
        /// It is charged in full then, whatever has become of it.
        package internal(set) var endsAt: Instant
        /// Place of its call id, or -1.
        var name: Int32 = -1
        /// Its caller was told to stop it.
        var isCancelled = false
        /// Of the same grant.
        var previous: Int32 = -1
        var next: Int32 = -1

        package init(
            decision: UInt64, grant: Int32, debits: [Debit], amounts: CallAmounts, calls: Int64, call: HeldCall,
            usableUntil: Instant
        ) {
            self.decision = decision
            self.grant = grant
            self.debits = debits
            self.amounts = amounts
            self.calls = calls
            self.call = call
            self.usableUntil = usableUntil
            endsAt = usableUntil + Limits.holdTime
        }
    }

    /// When the hold of a decision is ended, and charged in full; nil where there is none.
    package func endsAt(_ decision: UInt64) -> Instant? { place(decision).map { holds[$0].endsAt } }
}
