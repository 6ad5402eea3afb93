internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// Where every unit of a budget is.
extension Sequencer {
    func slices(ofNode node: String) -> Penstock_V1_BudgetReply {
        let open = ledger.state.book.open.filter { $0.value.slice.node == node }.sorted { $0.key < $1.key }.prefix(4096)
        return .with { $0.budgets = [.with { $0.slices = open.map { describe($0.key, $0.value) } }] }
    }

    private func describe(_ position: Position, _ held: BudgetBook.OpenSlice) -> Penstock_V1_SliceStatus {
        .with {
            $0.slice = position
            $0.node = held.slice.node
            $0.incarnation = Data(held.slice.incarnation.bytes)
            $0.amount = held.slice.amount
            $0.used = held.used
            $0.returned = held.returned
            $0.held = held.held
            $0.grantID = held.slice.grantID
            $0.silent = !ledger.presence.isLive(held.slice.incarnation, at: Clocks.now())
        }
    }

    func budgets(_ name: String) -> Penstock_V1_BudgetReply {
        var reply = Penstock_V1_BudgetReply()
        for (key, entry) in ledger.state.book.entries {
            let row = describe(key, entry)
            guard name.isEmpty || row.name == name || row.grantID == name else { continue }
            reply.budgets.append(row)
            if name.isEmpty, reply.budgets.count >= 1000 { break }
        }
        reply.budgets.sort { $0.name < $1.name }
        guard !name.isEmpty else { return reply }
        for index in reply.budgets.indices {
            let row = reply.budgets[index]
            let key: BudgetKey = row.grantID.isEmpty ? .named(row.name) : .grant(row.grantID, unit: row.unit)
            let open = ledger.state.book.open.filter { $0.value.levels.contains { $0.key == key } }.sorted { $0.key < $1.key }
            reply.budgets[index].slices = open.map { describe($0.key, $0.value) }
            reply.budgets[index].held = open.reduce(0) { $0 + $1.value.held }
            reply.budgets[index].stranded = open.reduce(0) { ledger.presence.isLive($1.value.slice.incarnation, at: Clocks.now()) ? $0 : $0 + $1.value.unspent }
            // After a revoke, what its grants' slices still hold is the most that can be spent.
            reply.budgets[index].exposure = open.reduce(0) { isRevoked($1.value.slice.grantID) ? $0 + $1.value.unspent : $0 }
        }
        return reply
    }

    private func isRevoked(_ grantID: String) -> Bool {
        ledger.state.view.index(ofGrant: grantID).map { ledger.state.view.marks(onGrant: $0).contains(.revoked) } ?? false
    }

    private func describe(_ key: BudgetKey, _ entry: BudgetEntry) -> Penstock_V1_BudgetStatus {
        .with {
            switch key {
            case .named(let name):
                $0.name = name
                if let budget = ledger.state.view.budget(name) {
                    if let selector = budget.selector { $0.selector = selector.proto }
                    $0.window = budget.window.proto
                    $0.warnAt = budget.warnAt
                }
            case .grant(let grant, let unit):
                $0.name = "\(grant)/\(unit)"
                $0.grantID = grant
            }
            $0.unit = entry.unit
            $0.ceiling = entry.ceiling
            $0.settled = entry.settled
            $0.out = entry.out - entry.outOfEnded
            $0.outOfEnded = entry.outOfEnded
            $0.unallocated = entry.unallocated
            $0.debt = entry.debt
            $0.overcommitted = entry.overcommitted
            $0.frozen = entry.isFrozen
            $0.openDebts = entry.openDebts.sorted()
            $0.maxOut = entry.maxOut
            if case .named(let parent) = entry.parent { $0.parent = parent }
            if let current = entry.current, current.number > 0 {
                $0.windowNumber = current.number
                $0.windowEndsAtMs = current.end
            }
        }
    }
}
