internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

/// A request names its first unit where there was room for one, and further ones after it; so does the answer.
extension SliceRequest {
    /// Nil unless the incarnation and the request's id have 16 bytes each. What is asked for is the ledger's to judge.
    package init?(_ proto: Penstock_V1_Reserve) {
        guard let incarnation = Incarnation(proto.incarnation), let requestID = Incarnation(proto.requestID) else {
            return nil
        }
        self.init(
            incarnation: incarnation, requestID: requestID, grantID: proto.grantID,
            parts: [Part(unit: proto.unit, need: proto.need, want: proto.want)]
                + proto.more.map { Part(unit: $0.unit, need: $0.need, want: $0.want) })
    }

    package var proto: Penstock_V1_Reserve {
        .with {
            $0.incarnation = Data(incarnation.bytes)
            $0.requestID = Data(requestID.bytes)
            $0.grantID = grantID
            if let first = parts.first { ($0.unit, $0.need, $0.want) = (first.unit, first.need, first.want) }
            $0.more = parts.dropFirst().map { part in
                .with { ($0.unit, $0.need, $0.want) = (part.unit, part.need, part.want) }
            }
        }
    }
}

extension Penstock_V1_Reserved {
    /// Of no slice at all, the answer is slice 0.
    package init(_ granted: [Purse.Granted], refused: [SliceAnswer.Refused]) {
        self.init()
        if let first = granted.first { set(first) }
        more = granted.dropFirst().map { part in .with { $0.set(part) } }
        self.refused = refused.map { part in
            .with {
                ($0.unit, $0.code, $0.budget, $0.retryAfterMs) = (
                    part.unit, part.code.rawValue, part.budget, part.retryAfterMS
                )
                if let most = part.couldGet { $0.couldGet = most }
                ($0.heldHere, $0.heldElsewhere) = (part.heldHere, part.heldElsewhere)
            }
        }
    }

    private mutating func set(_ part: Purse.Granted) {
        (slice, unit, amount, endsAtMs) = (part.slice, part.unit, part.amount, part.endsAt)
    }

    package var granted: [Purse.Granted] {
        ([self] + more).filter { $0.slice != 0 }.map {
            Purse.Granted(slice: $0.slice, unit: $0.unit, amount: $0.amount, endsAt: $0.endsAtMs)
        }
    }

    /// A code that this version does not know is still a refusal.
    package var refusals: [SliceAnswer.Refused] {
        refused.map { part in
            var refused = SliceAnswer.Refused(part.unit, Refusal.Code(rawValue: part.code) ?? .invalid)
            refused.budget = part.budget
            if part.hasCouldGet { refused.couldGet = max(0, part.couldGet) }
            (refused.heldHere, refused.heldElsewhere) = (max(0, part.heldHere), max(0, part.heldElsewhere))
            refused.retryAfterMS = min(max(0, part.retryAfterMs), 366 * 86_400_000)
            return refused
        }
    }

    func check() throws(WireError) {
        for part in [self] + more where part.slice != 0 {
            guard !part.unit.isEmpty, (0...Limits.amount).contains(part.amount), part.endsAtMs >= 0 else {
                throw WireError(.malformed, "a slice lacks its unit, or its amount or end is out of range")
            }
        }
    }
}
