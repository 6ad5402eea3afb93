internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension Role {
    package init(_ proto: Penstock_V1_Role) throws(WireError) {
        guard let role = UInt8(exactly: proto.rawValue).flatMap(Role.init(rawValue:)) else {
            throw WireError(.malformed, "unknown role \(proto.rawValue)")
        }
        self = role
    }

    package var proto: Penstock_V1_Role { Penstock_V1_Role(rawValue: Int(rawValue))! }
}

extension NodeKeys {
    package init(_ proto: Penstock_V1_NodeKeys) throws(WireError) {
        guard proto.signingKey.count == 32, proto.channelKey.count == 32 else {
            throw WireError(.malformed, "a node's keys have 32 bytes each")
        }
        self.init(
            name: proto.name, role: try Role(proto.role), signing: [UInt8](proto.signingKey),
            channel: [UInt8](proto.channelKey))
    }

    package var proto: Penstock_V1_NodeKeys {
        .with {
            $0.name = name
            $0.role = role.proto
            $0.signingKey = Data(signing)
            $0.channelKey = Data(channel)
        }
    }
}

extension Settings {
    package init(_ proto: Penstock_V1_Settings) {
        self.init(
            maxStalenessMS: proto.maxStalenessMs, maxGraceMS: proto.maxGraceMs, clockRatePPM: proto.clockRatePpm,
            marginMS: proto.marginMs,
            debtTolerance: DebtTolerance(amounts: proto.debtTolerance.map(Amount.init), ppm: proto.debtTolerancePpm))
    }

    package var proto: Penstock_V1_Settings {
        .with {
            $0.maxStalenessMs = maxStalenessMS
            $0.maxGraceMs = maxGraceMS
            $0.clockRatePpm = clockRatePPM
            $0.marginMs = marginMS
            $0.debtTolerance = debtTolerance.amounts.map(\.proto)
            $0.debtTolerancePpm = debtTolerance.ppm
        }
    }
}

extension JoinToken {
    package init(_ proto: Penstock_V1_JoinTokenMade) throws(WireError) {
        self.init(hash: try digest(proto.tokenHash), role: try Role(proto.role), expiresAt: proto.expiresAtMs)
    }

    package var proto: Penstock_V1_JoinTokenMade {
        .with {
            $0.tokenHash = Data(hash.bytes)
            $0.role = role.proto
            $0.expiresAtMs = expiresAt
        }
    }
}

extension Selector {
    package init(_ proto: Penstock_V1_Selector) throws(WireError) {
        guard let kind = UInt8(exactly: proto.kind.rawValue).flatMap(Kind.init(rawValue:)),
            let selector = Selector(kind: kind, value: proto.value)
        else {
            throw WireError(.malformed, "the selector is unknown or lacks its value")
        }
        self = selector
    }

    package var proto: Penstock_V1_Selector {
        .with {
            $0.kind = .init(rawValue: Int(kind.rawValue))!
            $0.value = value
        }
    }
}

extension Restriction {
    package init(_ proto: Penstock_V1_Restricted) throws(WireError) {
        let level: Level
        switch proto.level {
        case .revoke: level = .revoke
        case .suspend: level = .suspend
        case .throttle: level = .throttle(calls: proto.throttleCalls, windowMS: proto.throttleWindowMs)
        case .scale: level = .scale(percent: proto.scalePercent)
        case .unspecified, .UNRECOGNIZED: throw WireError(.malformed, "unknown level of restriction")
        }
        self.init(
            level: level, selector: try Selector(proto.selector), reason: proto.reason, expiresAt: proto.expiresAtMs)
    }

    package var proto: Penstock_V1_Restricted {
        .with {
            $0.selector = selector.proto
            $0.reason = reason
            $0.expiresAtMs = expiresAt
            switch level {
            case .revoke: $0.level = .revoke
            case .suspend: $0.level = .suspend
            case .throttle(let calls, let windowMS):
                $0.level = .throttle
                $0.throttleCalls = calls
                $0.throttleWindowMs = windowMS
            case .scale(let percent):
                $0.level = .scale
                $0.scalePercent = percent
            }
        }
    }
}

extension Slice {
    package init(_ proto: Penstock_V1_SliceReserved) throws(WireError) {
        guard (0...Limits.amount).contains(proto.amount) else {
            throw WireError(.malformed, "a slice's amount is out of range")
        }
        guard proto.endsAtMs >= 0 else { throw WireError(.malformed, "a slice ends before there was time") }
        self.init(
            grantID: proto.grantID, unit: proto.unit, amount: proto.amount, node: proto.node,
            incarnation: try PenstockWire.incarnation(proto.incarnation),
            requestID: try PenstockWire.incarnation(proto.requestID),
            endsAt: proto.endsAtMs)
    }

    package var proto: Penstock_V1_SliceReserved {
        .with {
            $0.grantID = grantID
            $0.unit = unit
            $0.amount = amount
            $0.node = node
            $0.incarnation = Data(incarnation.bytes)
            $0.requestID = Data(requestID.bytes)
            $0.endsAtMs = endsAt
        }
    }
}

extension SliceReport.Use {
    package init(_ proto: Penstock_V1_SliceUse) throws(WireError) {
        guard proto.returned >= 0, proto.held >= 0 else {
            throw WireError(.malformed, "what is returned or held of a slice is negative")
        }
        self.init(slice: proto.slice, used: proto.used, returned: proto.returned, held: proto.held)
    }

    package var proto: Penstock_V1_SliceUse {
        .with {
            $0.slice = slice
            $0.used = used
            $0.returned = returned
            $0.held = held
        }
    }
}

extension Amount {
    package init(_ proto: Penstock_V1_Amount) { self.init(proto.unit, proto.value) }

    package var proto: Penstock_V1_Amount {
        .with {
            $0.unit = unit
            $0.value = value
        }
    }
}
