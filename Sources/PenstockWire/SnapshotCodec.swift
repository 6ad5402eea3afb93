internal import Foundation
package import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

/// A view's image as bytes. Equal views give equal bytes.
package enum SnapshotCodec {
    package static func encode(_ image: ViewImage) -> [UInt8] {
        PenstockWire.encode(Penstock_V1_Snapshot.with {
            $0.version = WireVersion.snapshot
            $0.mesh = image.mesh
            $0.position = image.position
            $0.settings = image.settings.proto
            $0.nodes = image.members.map { member in
                .with {
                    $0.keys = member.keys.proto
                    $0.admittedAt = member.admittedAt
                    $0.expelledAt = member.expelledAt
                }
            }
            $0.restrictions = image.restrictions.map { placed in
                .with {
                    $0.position = placed.position
                    $0.eventID = Data(placed.standing.eventID.bytes)
                    $0.restricted = placed.standing.restriction.proto
                    $0.createdAtMs = placed.standing.createdAt
                    $0.origin = placed.standing.origin
                }
            }
            $0.grants = image.grants.map { placed in
                .with {
                    $0.position = placed.position
                    $0.issuer = placed.issuer
                    $0.grant = placed.grant.proto
                }
            }
            $0.tokens = image.tokens.map { state in
                .with {
                    $0.token = state.token.proto
                    $0.used = state.used
                }
            }
            $0.budgets = image.budgets.map(\.proto)
        })
    }

    package static func decode(_ bytes: [UInt8]) throws(WireError) -> ViewImage {
        let proto = try PenstockWire.decode(Penstock_V1_Snapshot.self, bytes, "snapshot")
        guard proto.version == WireVersion.snapshot else { throw WireError(.oldVersion, "snapshot version \(proto.version) is not \(WireVersion.snapshot)") }
        var image = ViewImage(
            mesh: proto.mesh, position: proto.position, settings: Settings(proto.settings), members: [], restrictions: [], grants: [],
            tokens: [], budgets: proto.budgets.map(Budget.init))
        for node in proto.nodes {
            image.members.append(.init(keys: try NodeKeys(node.keys), admittedAt: node.admittedAt, expelledAt: node.expelledAt))
        }
        for placed in proto.restrictions {
            let standing = View.StandingRestriction(
                eventID: try digest(placed.eventID), restriction: try Restriction(placed.restricted), createdAt: placed.createdAtMs,
                origin: placed.origin)
            image.restrictions.append(.init(position: placed.position, standing: standing))
        }
        image.grants.reserveCapacity(proto.grants.count)
        for placed in proto.grants {
            image.grants.append(.init(position: placed.position, issuer: placed.issuer, grant: try Grant(placed.grant)))
        }
        for token in proto.tokens { image.tokens.append(.init(token: try JoinToken(token.token), used: token.used)) }
        return image
    }
}
