internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import SwiftProtobuf

extension BudgetBook.PlacedEntry {
    init(_ proto: Penstock_V1_StateEntry) throws(WireError) {
        var holders: [BudgetEntry.Holder: Int64] = [:]
        for holder in proto.holders {
            let key = BudgetEntry.Holder(
                incarnation: try incarnation(holder.incarnation), account: Int64(holder.account))
            guard holders.updateValue(holder.out, forKey: key) == nil else {
                throw WireError(.malformed, "a holder is there twice")
            }
        }
        self.init(
            key: try BudgetKey(proto.key),
            entry: BudgetEntry(
                unit: proto.unit, parent: proto.hasParent ? try BudgetKey(proto.parent) : nil,
                window: try BudgetWindow(proto.window), maxOut: proto.maxOut, ceiling: proto.ceiling,
                unallocated: proto.unallocated, overcommitted: proto.overcommitted,
                windows: proto.windows.map(BudgetEntry.Window.init), holders: holders,
                openDebts: Set(proto.openDebts), exceeding: Set(proto.exceeding), isClosed: proto.closed))
    }

    var proto: Penstock_V1_StateEntry {
        .with {
            $0.key = key.stateKey
            $0.unit = entry.unit
            if let parent = entry.parent { $0.parent = parent.stateKey }
            if entry.window != .none { $0.window = entry.window.proto }
            $0.maxOut = entry.maxOut
            $0.ceiling = entry.ceiling
            $0.unallocated = entry.unallocated
            $0.overcommitted = entry.overcommitted
            $0.windows = entry.windows.map(\.proto)
            $0.holders = entry.holders.sorted {
                ($0.key.incarnation, $0.key.account) < ($1.key.incarnation, $1.key.account)
            }.map { holder, out in
                .with {
                    $0.incarnation = Data(holder.incarnation.bytes)
                    $0.account = Int32(truncatingIfNeeded: holder.account)
                    $0.out = out
                }
            }
            $0.openDebts = entry.openDebts.sorted()
            $0.exceeding = entry.exceeding.sorted()
            $0.closed = entry.isClosed
        }
    }
}

extension BudgetEntry.Window {
    init(_ proto: Penstock_V1_StateWindow) {
        self.init(
            number: proto.number, start: proto.startMs, end: proto.endMs, settled: proto.settled, out: proto.out,
            debt: proto.debt, counts: !proto.ended)
    }

    var proto: Penstock_V1_StateWindow {
        .with {
            $0.number = number
            $0.startMs = start
            $0.endMs = end
            $0.settled = settled
            $0.out = out
            $0.debt = debt
            $0.ended = !counts
        }
    }
}
