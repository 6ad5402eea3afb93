internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// Where every unit of a budget is. Lists come in pages, which say where the next begins.
extension Sequencer {
    func slices(ofNode node: String, after: Position) -> Penstock_V1_BudgetReply {
        let open = ledger.state.book.open.filter { $0.value.slice.node == node && $0.key > after }.keys.sorted()
        let page = open.prefix(Limits.rowsPerPage)
        return .with {
            $0.budgets = [.with { $0.slices = page.map { describe($0, ledger.state.book.open[$0]!) } }]
            $0.afterSlice = after
            if page.count < open.count { $0.nextSlice = page.last! }
        }
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

    func budgets(_ query: Penstock_V1_BudgetQuery) -> Penstock_V1_BudgetReply {
        query.name.isEmpty ? budgets(after: query.after) : budget(query.name, afterSlice: query.afterSlice)
    }

    /// Named budgets in the order in which they were made, then those of grants: the log's order, so that one that is made
    /// meanwhile moves none from page to page.
    private func budgets(after: UInt64) -> Penstock_V1_BudgetReply {
        let view = ledger.state.view
        var reply = Penstock_V1_BudgetReply()
        func isFull(_ next: UInt64) -> Bool {
            guard reply.budgets.count >= Limits.rowsPerPage else { return false }
            reply.next = next
            return true
        }
        if after < Self.firstGrantRow {
            for index in view.budgets.indices.dropFirst(Int(after)) {
                if isFull(UInt64(index)) { return reply }
                append(.named(view.budgets[index].name), to: &reply)
            }
        }
        let first = after < Self.firstGrantRow ? 0 : Int(min(after - Self.firstGrantRow, UInt64(view.grants.count)))
        for index in first..<view.grants.count {
            let units = view.rules[Int(view.grants[index].rules)].budgets.map(\.unit)
            guard !units.isEmpty else { continue }
            if isFull(Self.firstGrantRow + UInt64(index)) { return reply }
            for unit in units { append(.grant(view.symbols.text(view.grants[index].grant), unit: unit), to: &reply) }
        }
        return reply
    }

    /// Above every index of a named budget.
    private static var firstGrantRow: UInt64 { 1 << 32 }

    private func append(_ key: BudgetKey, to reply: inout Penstock_V1_BudgetReply) {
        if let entry = ledger.state.book.entries[key] { reply.budgets.append(describe(key, entry)) }
    }

    /// One budget, or all of one grant, with their slices.
    private func budget(_ name: String, afterSlice after: Position) -> Penstock_V1_BudgetReply {
        let view = ledger.state.view
        var keys = [BudgetKey.named(name)]
        if let grant = view.index(ofGrant: name) {
            keys += view.rules[Int(view.grants[grant].rules)].budgets.map { .grant(name, unit: $0.unit) }
        } else if let slash = name.lastIndex(of: "/") {
            keys.append(.grant(String(name[..<slash]), unit: String(name[name.index(after: slash)...])))
        }
        var reply = Penstock_V1_BudgetReply()
        var rows: [BudgetKey: Int] = [:]
        for key in keys where ledger.state.book.entries[key] != nil {
            rows[key] = reply.budgets.count
            append(key, to: &reply)
        }
        var drawing: [(position: Position, row: Int)] = []
        for (position, held) in ledger.state.book.open {
            for level in held.levels {
                guard let index = rows[level.key] else { continue }
                let unspent = held.unspent
                reply.budgets[index].held += held.held
                if !ledger.presence.isLive(held.slice.incarnation, at: Clocks.now()) { reply.budgets[index].stranded += unspent }
                // After a revoke, what its grants' slices still hold is the most that can be spent.
                if isRevoked(held.slice.grantID) { reply.budgets[index].exposure += unspent }
                if position > after { drawing.append((position, index)) }
            }
        }
        drawing.sort { $0.position < $1.position }
        let page = drawing.prefix(Limits.rowsPerPage)
        for (position, index) in page { reply.budgets[index].slices.append(describe(position, ledger.state.book.open[position]!)) }
        reply.afterSlice = after
        if page.count < drawing.count { reply.nextSlice = page.last!.position }
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
            $0.closed = entry.isClosed
            $0.openDebts = Array(entry.openDebts.sorted().prefix(Limits.debtsPerRow))
            $0.moreDebts = UInt64(max(0, entry.openDebts.count - Limits.debtsPerRow))
            $0.maxOut = entry.maxOut
            if case .named(let parent) = entry.parent { $0.parent = parent }
            if let current = entry.current, current.number > 0 {
                $0.windowNumber = current.number
                $0.windowEndsAtMs = current.end
            }
        }
    }
}
