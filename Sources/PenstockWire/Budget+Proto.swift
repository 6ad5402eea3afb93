internal import Foundation
package import PenstockCore
package import PenstockProto
internal import SwiftProtobuf

extension Budget {
    package init(_ proto: Penstock_V1_BudgetCreated) throws(WireError) {
        guard proto.maxOut >= 0 else { throw WireError(.malformed, "what may be out of a budget is negative") }
        self.init(
            name: proto.name, unit: proto.unit, ceiling: proto.ceiling, parent: proto.parent,
            selector: proto.hasSelector ? try Selector(proto.selector) : nil, window: try BudgetWindow(proto.window),
            maxOut: proto.maxOut,
            warnAt: proto.warnAt)
        isClosed = proto.closed
    }

    package var proto: Penstock_V1_BudgetCreated {
        .with {
            $0.name = name
            $0.unit = unit
            $0.ceiling = ceiling
            $0.parent = parent
            if let selector { $0.selector = selector.proto }
            // Unset, as before there were windows.
            if window != .none { $0.window = window.proto }
            $0.maxOut = maxOut
            $0.warnAt = warnAt
            $0.closed = isClosed
        }
    }
}

extension BudgetChange {
    init(_ proto: Penstock_V1_BudgetChanged) throws(WireError) {
        guard !proto.name.isEmpty, proto.maxOut >= 0 else {
            throw WireError(.malformed, "a change lacks its budget, or what may be out is negative")
        }
        self.init(
            name: proto.name, parent: proto.hasParent ? proto.parent : nil,
            maxOut: proto.hasMaxOut ? proto.maxOut : nil,
            warnAt: proto.hasWarnAt ? proto.warnAt.percent : nil)
    }
}

extension DebtSettlement {
    init(_ proto: Penstock_V1_DebtSettled) throws(WireError) {
        guard proto.position > 0, !proto.reported.isEmpty,
            (proto.reported + proto.charged).allSatisfy({ !$0.unit.isEmpty && $0.value >= 0 })
        else {
            throw WireError(.malformed, "a settlement lacks its debt, or an amount is negative")
        }
        self.init(
            position: proto.position, reported: proto.reported.map(Amount.init), charged: proto.charged.map(Amount.init)
        )
    }
}

extension BudgetKey {
    init(_ proto: Penstock_V1_BudgetCeilingSet) throws(WireError) {
        switch (proto.name.isEmpty, proto.grantID.isEmpty, proto.unit.isEmpty) {
        case (false, true, true): self = .named(proto.name)
        case (true, false, false): self = .grant(proto.grantID, unit: proto.unit)
        default: throw WireError(.malformed, "a ceiling is of a named budget, or else of a grant's unit")
        }
    }
}

extension WindowOpening {
    init(_ proto: Penstock_V1_WindowOpened) throws(WireError) {
        guard !proto.budget.isEmpty, proto.number > 0 else {
            throw WireError(.malformed, "a window lacks its budget or its number")
        }
        guard proto.startMs >= 0, proto.endMs > proto.startMs else {
            throw WireError(.malformed, "a window ends before it starts")
        }
        self.init(budget: proto.budget, number: proto.number, start: proto.startMs, end: proto.endMs)
    }

    var proto: Penstock_V1_WindowOpened {
        .with {
            $0.budget = budget
            $0.number = number
            $0.startMs = start
            $0.endMs = end
        }
    }
}

extension Debt {
    init(_ proto: Penstock_V1_DebtRecorded) throws(WireError) {
        guard proto.decision > 0, !proto.grantID.isEmpty else {
            throw WireError(.malformed, "a debt lacks its decision or its grant")
        }
        guard !proto.amounts.isEmpty, proto.amounts.allSatisfy({ !$0.unit.isEmpty && $0.value > 0 }) else {
            throw WireError(.malformed, "a debt's amounts are missing or not above zero")
        }
        self.init(
            incarnation: try PenstockWire.incarnation(proto.incarnation), decision: proto.decision,
            grantID: proto.grantID,
            amounts: proto.amounts.map(Amount.init))
    }

    var proto: Penstock_V1_DebtRecorded {
        .with {
            $0.incarnation = Data(incarnation.bytes)
            $0.decision = decision
            $0.grantID = grantID
            $0.amounts = amounts.map(\.proto)
        }
    }
}
