package import PenstockProto
internal import SwiftProtobuf

/// A place in the list of decisions, and which way a list goes on from there.
package struct AuditCursor: CustomStringConvertible {
    package var place: Penstock_V1_DecisionPlace
    package var isBefore: Bool

    package init(_ place: Penstock_V1_DecisionPlace, isBefore: Bool = false) {
        (self.place, self.isBefore) = (place, isBefore)
    }

    package init?(_ text: String) {
        guard let way = text.first, way == "a" || way == "b" else { return nil }
        let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let row = Int64(parts[0]), let sequence = UInt64(parts[1]), row >= 0 else { return nil }
        place = .with { ($0.row, $0.sequence) = (row, sequence) }
        isBefore = way == "b"
    }

    package var description: String { "\(isBefore ? "b" : "a")\(place.row).\(place.sequence)" }
}
