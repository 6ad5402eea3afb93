internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockSystem
internal import PenstockWire
internal import SwiftProtobuf

/// Where every unit of a budget is. Lists come in pages, which say where the next begins.
extension Sequencer {
    func slices(ofNode node: String, after: Position) -> Penstock_V1_BudgetReply {
        let part = ledger.state.book.slices(ofNode: node, after: after, most: Limits.rowsPerPage)
        var reply = page(part, after: after)
        reply.budgets = [.with { $0.slices = slices(part).map(\.proto) }]
        return reply
    }

    private func page(_ part: BudgetBook.OpenPart, after: Position) -> Penstock_V1_BudgetReply {
        .with {
            $0.afterSlice = after
            if !part.isEnd, let last = part.positions.last { $0.nextSlice = last }
        }
    }

    private func slices(_ part: BudgetBook.OpenPart) -> [(held: BudgetBook.OpenSlice, proto: Penstock_V1_SliceStatus)] {
        let now = Clocks.now()
        return part.positions.compactMap { position in
            ledger.state.book.open[position].map { held in
                (held, held.proto(at: position, isSilent: !ledger.presence.isLive(held.slice.incarnation, at: now)))
            }
        }
    }

    func budgets(_ query: Penstock_V1_BudgetQuery) -> Penstock_V1_BudgetReply {
        query.name.isEmpty ? list(query) : budget(query.name, afterSlice: query.afterSlice)
    }

    /// Named budgets in the order in which they were made, then those of grants by their positions: the log's order, so
    /// that one that is made meanwhile moves none from page to page.
    private func list(_ query: Penstock_V1_BudgetQuery) -> Penstock_V1_BudgetReply {
        let view = ledger.state.view
        var reply = Penstock_V1_BudgetReply()
        // Grants, and their budgets.
        var looked = 0
        func append(_ key: BudgetKey) {
            looked += 1
            guard let entry = ledger.state.book.entries[key], query.unit.isEmpty || entry.unit.isSame(as: query.unit),
                !query.frozen || entry.isFrozen
            else { return }
            reply.budgets.append(describe(key, entry))
        }
        func isFull(_ next: UInt64) -> Bool {
            guard reply.budgets.count >= Limits.rowsPerPage || looked >= Limits.grantsPerPart else { return false }
            reply.next = next
            return true
        }
        if query.after < Self.firstGrantRow {
            for index in view.budgets.indices.dropFirst(Int(query.after)) {
                if isFull(UInt64(index)) { return reply }
                append(.named(view.budgets[index].name))
            }
            if isFull(Self.firstGrantRow) { return reply }
        }
        guard !query.named else { return reply }
        let after = query.after < Self.firstGrantRow ? 0 : query.after - Self.firstGrantRow
        for handle in view.handles[view.firstGrant(after: after)...] {
            let grant = view.grants[Int(handle)]
            looked += 1
            for budget in view.rules[Int(grant.rules)].budgets {
                append(.grant(view.symbols.text(grant.grant), unit: budget.unit))
            }
            if isFull(Self.firstGrantRow + grant.position) { return reply }
        }
        return reply
    }

    /// Above every index of a named budget: what follows is a position.
    private static var firstGrantRow: UInt64 { 1 << 62 }

    private func append(_ key: BudgetKey, to reply: inout Penstock_V1_BudgetReply) {
        if let entry = ledger.state.book.entries[key] { reply.budgets.append(describe(key, entry)) }
    }

    /// One budget, or all of one grant, with a page of their slices. What is held, stranded and exposed is summed over
    /// the page: together, the pages have all.
    private func budget(_ name: String, afterSlice after: Position) -> Penstock_V1_BudgetReply {
        let view = ledger.state.view
        var keys = [BudgetKey.named(name)]
        if let grant = view.index(ofGrant: name) {
            keys += view.rules[Int(view.grants[grant].rules)].budgets.map { .grant(name, unit: $0.unit) }
        } else if let slash = name.lastIndex(of: "/") {
            keys.append(.grant(String(name[..<slash]), unit: String(name[name.index(after: slash)...])))
        }
        keys.removeAll { ledger.state.book.entries[$0] == nil }
        let part = ledger.state.book.slices(on: keys, after: after, most: Limits.rowsPerPage)
        var reply = page(part, after: after)
        var rows: [BudgetKey: Int] = [:]
        for key in keys {
            rows[key] = reply.budgets.count
            append(key, to: &reply)
        }
        for (held, slice) in slices(part) {
            for index in held.levels.compactMap({ rows[$0.key] }) {
                reply.budgets[index].slices.append(slice)
                reply.budgets[index].held += held.held
                if slice.silent { reply.budgets[index].stranded += held.unspent }
                // After a revoke, what its grants' slices still hold is the most that can be spent.
                if isRevoked(held.slice.grantID) { reply.budgets[index].exposure += held.unspent }
            }
        }
        return reply
    }

    private func isRevoked(_ grantID: String) -> Bool {
        ledger.state.view.index(ofGrant: grantID).map { ledger.state.view.marks(onGrant: $0).contains(.revoked) }
            ?? false
    }

    private func describe(_ key: BudgetKey, _ entry: BudgetEntry) -> Penstock_V1_BudgetStatus {
        guard case .named(let name) = key else { return entry.proto(key, nil) }
        return entry.proto(key, ledger.state.view.budget(name))
    }
}
