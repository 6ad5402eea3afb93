/// What an enforcer asks for when a call, or the next one, needs more than its slices hold: of all units at once.
package struct SliceRequest: Hashable, Sendable {
    package var incarnation: Incarnation
    /// Fresh for each request: asking again with the same one gets the same slices.
    package var requestID: Incarnation
    package var grantID: String
    package var parts: [Part]

    package struct Part: Hashable, Sendable {
        package var unit: String
        /// A call cannot go on with less; 0 for a refill ahead of need.
        package var need: Int64
        /// What recent demand suggests.
        package var want: Int64

        package init(unit: String, need: Int64, want: Int64) {
            self.unit = unit
            self.need = need
            self.want = want
        }
    }

    package init(incarnation: Incarnation, requestID: Incarnation, grantID: String, parts: [Part]) {
        self.incarnation = incarnation
        self.requestID = requestID
        self.grantID = grantID
        self.parts = parts
    }
}

/// What a request for slices comes to.
package struct SliceAnswer: Sendable {
    /// To be staged in one commit, all of them or none, unless the request got them before.
    package var slices: [Slice] = []
    /// Of slices that the request got before.
    package var positions: [Position] = []
    /// Units of which nothing was to be had, and why. A unit that is in neither list is to be asked for again.
    package var refused: [Refused] = []

    package struct Refused: Hashable, Sendable {
        package var unit: String
        package var code: Refusal.Code
        /// The narrowest of the budgets that lack, as `BudgetKey.written`; empty where none does.
        package var budget = ""
        /// What a call could get of it at most, if all came back that is out; nil where it is not known.
        package var couldGet: Int64?
        /// What is out of it: at the node that asks, and at others.
        package var heldHere: Int64 = 0
        package var heldElsewhere: Int64 = 0
        /// When it may be there, as far as the ledger knows; 0 for what it does not.
        package var retryAfterMS: Int64 = 0

        package init(_ unit: String, _ code: Refusal.Code) {
            self.unit = unit
            self.code = code
        }
    }
}
