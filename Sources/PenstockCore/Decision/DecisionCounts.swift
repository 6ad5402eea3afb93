/// How often each answer was given.
package struct DecisionCounts: Sendable {
    /// By the reason's number.
    private var byReason: InlineArray<32, UInt64> = InlineArray(repeating: 0)
    /// Denials that the journal could not take.
    package private(set) var unrecorded: UInt64 = 0
    /// The last record could not be written.
    package var isUnwritable = false

    package init() {}

    package subscript(_ reason: Reason) -> UInt64 { byReason[Int(reason.rawValue)] }

    @inline(__always)
    mutating func add(_ verdict: borrowing Verdict) {
        byReason[Int(verdict.reason.rawValue)] += 1
        // A denial that is counted tells nothing of the journal.
        if verdict.isUnwritable {
            unrecorded += 1
            isUnwritable = true
        } else if verdict.sequence > 0 {
            isUnwritable = false
        }
    }
}
