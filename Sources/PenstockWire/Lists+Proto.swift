internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension View.GrantRow {
    /// Without its credential's digest: nobody needs it of a list.
    package var proto: Penstock_V1_GrantRow {
        .with {
            $0.grant = placed.proto
            $0.grant.grant.credentialDigest = Data()
            $0.state = state.proto
            $0.depth = UInt32(clamping: depth)
            $0.children = UInt32(clamping: children)
        }
    }
}

extension View.GrantState {
    package init(_ proto: Penstock_V1_GrantState) throws(WireError) {
        guard let state = UInt8(exactly: proto.rawValue).flatMap(Self.init(rawValue:)) else {
            throw WireError(.malformed, "unknown state \(proto.rawValue) of a grant")
        }
        self = state
    }

    package var proto: Penstock_V1_GrantState {
        switch self {
        case .live: .grantLive
        case .revoked: .grantRevoked
        case .suspended: .grantSuspended
        case .expired: .grantExpired
        case .forgotten: .grantForgotten
        }
    }
}

extension View.GrantFilter {
    package init(_ query: Penstock_V1_GrantQuery) throws(WireError) {
        self.init()
        let texts: [(Selector.Kind, String)] = [
            (.grant, query.grantID), (.run, query.runID), (.agent, query.agentID), (.agentClass, query.agentClass),
            (.principal, query.principalID), (.purpose, query.purpose), (.audience, query.audience),
            (.issuer, query.issuer),
        ]
        for (kind, text) in texts where !text.isEmpty { self.texts[kind] = text }
        for state in query.states { states.insert(try View.GrantState(state)) }
        if query.hasCoveredBy { coveredBy = try Selector(query.coveredBy) }
        if query.expiresFromMs != 0 { expiresFrom = query.expiresFromMs }
        if query.expiresBeforeMs != 0 { expiresBefore = query.expiresBeforeMs }
        isUnrated = query.unrated
    }
}

extension View.RestrictionFilter {
    package init(_ query: Penstock_V1_RestrictionQuery) throws(WireError) {
        self.init()
        guard query.eventIds.count <= Limits.liftedAtOnce else {
            throw WireError(.tooLarge, "a query names at most \(Limits.liftedAtOnce) restrictions")
        }
        if query.hasSelector { selector = try Selector(query.selector) }
        for id in query.eventIds { eventIDs.insert(try digest(id)) }
        origin = query.origin
        for level in query.levels {
            switch level {
            case .revoke: levels.insert(.revoked)
            case .suspend: levels.insert(.suspended)
            case .throttle, .scale: levels.insert(.throttled)
            case .unspecified, .UNRECOGNIZED: throw WireError(.malformed, "unknown level of restriction")
            }
        }
    }
}
