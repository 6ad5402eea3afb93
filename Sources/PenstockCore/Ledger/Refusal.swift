/// Why the ledger did not take a request. Codes are what scripts read; messages say what to do.
package struct Refusal: CodedError, Hashable, Sendable {
    package var code: Code
    package var message: String
    /// 0: asking again does not help by itself.
    package var retryAfterMS: UInt32

    package init(_ code: Code, _ message: String, retryAfterMS: UInt32 = 0) {
        self.code = code
        self.message = message
        self.retryAfterMS = retryAfterMS
    }

    /// Whether the ledger has judged the request itself, and not taken it. Any other refusal leaves open whether it was
    /// taken before, by a message that was answered in vain.
    package var isFinal: Bool { retryAfterMS == 0 && code != .halted }

    package enum Code: String, Sendable, CaseIterable {
        case malformed
        case badSignature = "bad_signature"
        case foreignMesh = "foreign_mesh"
        case notPermitted = "not_permitted"
        case notSigner = "not_signer"
        case invalid
        case exists
        case notFound = "not_found"
        case revoked
        case budgetExhausted = "budget_exhausted"
        case budgetHeldElsewhere = "budget_held_elsewhere"
        /// Real cost went above what was held: an operator must decide on the debt.
        case budgetFrozen = "budget_frozen"
        case budgetClosed = "budget_closed"
        case predecessorAlive = "predecessor_alive"
        case retired
        case busy
        case halted
        /// The log was restored: it waits for its nodes' word.
        case recovering
        case diverged
        /// The node's view lacks restrictions that it should have by now: it fetches, and asks again.
        case behind
        case unavailable
        case badToken = "bad_token"
        case full
        case oldVersion = "old_version"
    }

    package var kind: ErrorKind { code == .notFound ? .notFound : .refused }
    package var description: String { "\(code.rawValue): \(message)" }
}
