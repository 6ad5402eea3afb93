package import PenstockCore

/// `INCARNATION-NUMBER`, as answers, the audit and cancellations name a decision.
package struct DecisionID {
    package var incarnation: Incarnation
    package var sequence: UInt64

    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Hex.decode(String(parts[0])), let incarnation = Incarnation(bytes),
            let sequence = UInt64(parts[1]), sequence > 0
        else { return nil }
        (self.incarnation, self.sequence) = (incarnation, sequence)
    }
}
