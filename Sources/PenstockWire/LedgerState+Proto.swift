internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

extension LedgerImage.Warning {
    var proto: Penstock_V1_StateWarning { .with { ($0.budget, $0.percent) = (budget, percent) } }
}

extension Owners.Node {
    init(_ proto: Penstock_V1_StateOwner) throws(WireError) {
        let bytes = [UInt8](proto.incarnations)
        guard bytes.count.isMultiple(of: Incarnation.byteCount) else {
            throw WireError(.malformed, "an incarnation has 16 bytes")
        }
        let incarnations = stride(from: 0, to: bytes.count, by: Incarnation.byteCount).compactMap {
            Incarnation(bytes[$0..<$0 + Incarnation.byteCount])
        }
        self.init(name: proto.node, incarnations: incarnations, kept: Int(proto.kept))
    }

    var proto: Penstock_V1_StateOwner {
        .with {
            $0.node = name
            $0.incarnations = Data(incarnations.flatMap(\.bytes))
            $0.kept = UInt32(clamping: kept)
        }
    }
}

extension BudgetBook.Account {
    var proto: Penstock_V1_StateAccount { .with { ($0.grantID, $0.unit) = (grant, unit) } }
}

extension BudgetKey {
    init(_ proto: Penstock_V1_StateKey) throws(WireError) {
        switch (proto.name.isEmpty, proto.grantID.isEmpty || proto.unit.isEmpty) {
        case (false, true): self = .named(proto.name)
        case (true, false): self = .grant(proto.grantID, unit: proto.unit)
        default: throw WireError(.malformed, "a key is of a named budget, or else of a grant's unit")
        }
    }

    var stateKey: Penstock_V1_StateKey {
        .with {
            switch self {
            case .named(let name): $0.name = name
            case .grant(let grant, let unit): ($0.grantID, $0.unit) = (grant, unit)
            }
        }
    }
}

extension BudgetBook.Level {
    init(_ proto: Penstock_V1_StateLevel) throws(WireError) {
        self.init(key: try BudgetKey(proto.key), window: proto.window)
    }

    var proto: Penstock_V1_StateLevel { .with { ($0.key, $0.window) = (key.stateKey, window) } }
}

extension BudgetBook.PlacedSlice {
    init(_ proto: Penstock_V1_StateSlice) throws(WireError) {
        var levels: [BudgetBook.Level] = []
        for level in proto.levels { levels.append(try .init(level)) }
        self.init(
            position: proto.position,
            open: .init(
                slice: try Slice(proto.slice), used: proto.used, returned: proto.returned, held: proto.held,
                levels: levels, account: Int64(proto.account)))
    }

    var proto: Penstock_V1_StateSlice {
        .with {
            $0.position = position
            $0.slice = open.slice.proto
            $0.used = open.used
            $0.returned = open.returned
            $0.held = open.held
            $0.levels = open.levels.map(\.proto)
            $0.account = Int32(truncatingIfNeeded: open.account)
        }
    }
}

extension BudgetBook.PlacedDebt {
    init(_ proto: Penstock_V1_StateDebt) throws(WireError) {
        var charges: [BudgetBook.Charge] = []
        for charge in proto.charges {
            charges.append(
                .init(
                    level: try .init(charge.level), part: Int(charge.part), amount: charge.amount, debt: charge.debt))
        }
        self.init(
            position: proto.position,
            owed: .init(debt: try Debt(proto.debt), charges: charges, isAccepted: proto.accepted))
    }

    var proto: Penstock_V1_StateDebt {
        .with {
            $0.position = position
            $0.debt = owed.debt.proto
            $0.charges = owed.charges.map { charge in
                .with {
                    $0.level = charge.level.proto
                    $0.part = UInt32(clamping: charge.part)
                    $0.amount = charge.amount
                    $0.debt = charge.debt
                }
            }
            $0.accepted = owed.isAccepted
        }
    }
}

extension BudgetBook.Request {
    init(_ proto: Penstock_V1_StateRequest) throws(WireError) {
        var slices: [BudgetBook.RequestedSlice] = []
        for slice in proto.slices { slices.append(.init(position: slice.position, slice: try Slice(slice.slice))) }
        self.init(id: try incarnation(proto.id), slices: slices)
    }

    var proto: Penstock_V1_StateRequest {
        .with {
            $0.id = Data(id.bytes)
            $0.slices = slices.map { requested in
                .with { ($0.position, $0.slice) = (requested.position, requested.slice.proto) }
            }
        }
    }
}
