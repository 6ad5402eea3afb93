package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension BudgetWindow {
    package init(_ proto: Penstock_V1_BudgetWindow) throws(WireError) {
        switch proto.kind {
        case .none: self = .none
        case .fixed: self = .fixed(milliseconds: try Self.length(proto))
        case .rolling: self = .rolling(milliseconds: try Self.length(proto))
        case .calendar:
            guard let period = UInt8(exactly: proto.period).flatMap(CalendarPeriod.init(rawValue:)), !proto.zone.isEmpty
            else {
                throw WireError(.malformed, "the window's period is unknown or lacks its time zone")
            }
            self = .calendar(period, zone: proto.zone)
        case .UNRECOGNIZED: throw WireError(.malformed, "unknown kind of window")
        }
    }

    /// Of any use: how long a window may be is the ledger's to say.
    private static func length(_ proto: Penstock_V1_BudgetWindow) throws(WireError) -> Int64 {
        guard (1...Limits.amount).contains(proto.milliseconds) else {
            throw WireError(.malformed, "a window's length is out of range")
        }
        return proto.milliseconds
    }

    package var proto: Penstock_V1_BudgetWindow {
        .with {
            switch self {
            case .none: $0.kind = .none
            case .fixed(let milliseconds):
                $0.kind = .fixed
                $0.milliseconds = milliseconds
            case .rolling(let milliseconds):
                $0.kind = .rolling
                $0.milliseconds = milliseconds
            case .calendar(let period, let zone):
                $0.kind = .calendar
                $0.period = UInt32(period.rawValue)
                $0.zone = zone
            }
        }
    }
}
