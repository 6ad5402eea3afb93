internal import PenstockCore

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
        case .notCharged(let unit):
            "\(unit.isEmpty ? "a unit" : "'\(unit.prefix(64))'") was not held, and no budget of the grant has it"
        case .alreadySettled: "the hold was settled before"
        case .alreadyReleased: "the hold was released before"
        case .overdue: "the hold was open for too long, and was charged in full"
        case .otherNode: "another node gave this permit, or an earlier run of this one"
        case .unrecordable: "the end cannot be recorded"
        case .unreachable: "the node that holds it cannot be reached"
        }
    }
}
