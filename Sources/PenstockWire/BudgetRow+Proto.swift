internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension BudgetEntry {
    /// - Parameter named: the budget, where it has a name of its own.
    package func proto(_ key: BudgetKey, _ named: Budget?) -> Penstock_V1_BudgetStatus {
        .with {
            switch key {
            case .named(let name): $0.name = name
            case .grant(let grant, let unit):
                $0.name = "\(grant)/\(unit)"
                $0.grantID = grant
            }
            if let named {
                if let selector = named.selector { $0.selector = selector.proto }
                $0.window = named.window.proto
                $0.warnAt = named.warnAt
            }
            $0.unit = unit
            $0.ceiling = ceiling
            $0.settled = settled
            $0.out = out - outOfEnded
            $0.outOfEnded = outOfEnded
            $0.unallocated = unallocated
            $0.debt = debt
            $0.overcommitted = overcommitted
            $0.frozen = isFrozen
            $0.closed = isClosed
            $0.openDebts = Array(openDebts.sorted().prefix(Limits.debtsPerRow))
            $0.moreDebts = UInt64(max(0, openDebts.count - Limits.debtsPerRow))
            $0.maxOut = maxOut
            if case .named(let above) = parent { $0.parent = above }
            if let current, current.number > 0 {
                $0.windowNumber = current.number
                $0.windowEndsAtMs = current.end
            }
        }
    }
}

extension BudgetBook.OpenSlice {
    /// - Parameter isSilent: whether its incarnation is not heard.
    package func proto(at position: Position, isSilent: Bool) -> Penstock_V1_SliceStatus {
        .with {
            $0.slice = position
            $0.node = slice.node
            $0.incarnation = Data(slice.incarnation.bytes)
            $0.amount = slice.amount
            $0.used = used
            $0.returned = returned
            $0.held = held
            $0.grantID = slice.grantID
            $0.silent = isSilent
        }
    }
}
