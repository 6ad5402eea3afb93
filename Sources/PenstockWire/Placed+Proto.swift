internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

// What stands in a view, with the position that it has in the log: in snapshots and in lists.

extension ViewImage.PlacedGrant {
    init(_ proto: Penstock_V1_SnapshotGrant) throws(WireError) {
        self.init(position: proto.position, issuer: proto.issuer, grant: try Grant(proto.grant))
    }

    package var proto: Penstock_V1_SnapshotGrant {
        .with {
            $0.position = position
            $0.issuer = issuer
            $0.grant = grant.proto
        }
    }
}

extension ViewImage.PlacedRestriction {
    package init(_ proto: Penstock_V1_SnapshotRestriction) throws(WireError) {
        self.init(
            position: proto.position,
            standing: View.StandingRestriction(
                eventID: try digest(proto.eventID), restriction: try Restriction(proto.restricted),
                createdAt: proto.createdAtMs, origin: proto.origin))
    }

    package var proto: Penstock_V1_SnapshotRestriction {
        .with {
            $0.position = position
            $0.eventID = Data(standing.eventID.bytes)
            $0.restricted = standing.restriction.proto
            $0.createdAtMs = standing.createdAt
            $0.origin = standing.origin
        }
    }
}

extension View.PlacedRate {
    package init(_ proto: Penstock_V1_SnapshotRate) throws(WireError) {
        self.init(position: proto.position, named: try NamedRate(proto.rate))
    }

    package var proto: Penstock_V1_SnapshotRate {
        .with {
            $0.position = position
            $0.rate = named.proto
        }
    }
}

extension View.Member {
    package init(_ proto: Penstock_V1_SnapshotNode) throws(WireError) {
        self.init(
            keys: try NodeKeys(proto.keys), admittedAt: proto.admittedAt, expelledAt: proto.expelledAt)
    }

    package var proto: Penstock_V1_SnapshotNode {
        .with {
            $0.keys = keys.proto
            $0.admittedAt = admittedAt
            $0.expelledAt = expelledAt
        }
    }
}
