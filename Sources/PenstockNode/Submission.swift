internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockWire

/// What is known of an event that is being submitted: whether it stands, does not stand, or may stand.
///
/// A class: Swift 6.3.1 cannot optimize a value that lives over the errors that `LedgerClient.submit` catches.
final class Submission {
    let eventID: Digest
    let waitsForBarrier: Bool
    private var submitted: Penstock_V1_Submitted?
    /// Copies that were sent and not answered: each may have been taken.
    var unanswered = 0

    init(_ eventID: Digest, waitsForBarrier: Bool) {
        self.eventID = eventID
        self.waitsForBarrier = waitsForBarrier
    }

    var position: Position? { submitted?.position }

    /// Returns the outcome once there is one.
    ///
    /// - Throws: a refusal; only one that is final says what became of the event.
    func take(_ answer: Reply.OneOf_Kind) throws -> (Penstock_V1_Submitted, Penstock_V1_BarrierReply?)? {
        switch answer {
        case .submitted(let answer):
            unanswered = max(0, unanswered - 1)
            submitted = answer
            return waitsForBarrier ? nil : (answer, nil)
        case .barrier(let barrier): return submitted.map { ($0, barrier) }
        case .refused(let refused):
            let refusal = Refusal(refused)
            if let submitted {
                // It stands; what is refused is the wait.
                if refusal.isFinal { return (submitted, nil) }
            } else {
                unanswered = max(0, unanswered - 1)
            }
            throw refusal
        default: return nil
        }
    }

    /// Whether nothing else can be heard of the event: a ledger that has halted takes nothing until an operator mends
    /// it, and each copy was answered.
    func isOver(after refusal: Refusal) -> Bool { refusal.code == .halted && unanswered == 0 }

    /// Nothing else is asked.
    ///
    /// - Parameter refusal: the last answer, of a ledger that had not taken it.
    func end(_ refusal: Refusal?, _ silence: NodeError) throws -> (Penstock_V1_Submitted, Penstock_V1_BarrierReply?) {
        if let submitted { return (submitted, nil) }
        if let refusal, unanswered == 0 { throw refusal }
        // Nobody should go away thinking that nothing stands.
        throw NodeError(
            .unreachable,
            """
            \(refusal.map { "\($0.message)." } ?? silence.message) Whether event \(eventID.hex) was taken is unknown: \
            it may or may not stand. \
            'penstock log show' tells, and for a restriction 'penstock revocation list'; saying a restriction twice \
            does no harm
            """)
    }
}
