internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

/// Budgets and slices as the ledger tells them, page by page.
extension BudgetView {
    static func ask(_ client: LedgerClient, _ query: Penstock_V1_BudgetQuery) throws -> [BudgetView] {
        var query = query
        guard case .budgets(var reply) = try client.ask(.budgets(query)) else { throw client.unexpected }
        while reply.next != 0 || reply.nextSlice != 0 {
            (query.after, query.afterSlice) = (reply.next, reply.nextSlice)
            guard case .budgets(let page) = try client.ask(.budgets(query)) else { throw client.unexpected }
            if query.name.isEmpty {
                reply.budgets += page.budgets
            } else {
                // The same budgets again, with the slices that follow, and what is held in those.
                for row in page.budgets {
                    guard let index = reply.budgets.firstIndex(where: { $0.name == row.name }) else { continue }
                    reply.budgets[index].slices += row.slices
                    reply.budgets[index].held += row.held
                    reply.budgets[index].stranded += row.stranded
                    reply.budgets[index].exposure += row.exposure
                }
            }
            (reply.next, reply.nextSlice) = (page.next, page.nextSlice)
        }
        return reply.budgets.map(BudgetView.init).sorted { $0.name < $1.name }
    }

    /// The open slices of a node.
    static func slices(_ client: LedgerClient, ofNode node: String) throws -> [Penstock_V1_SliceStatus] {
        var slices: [Penstock_V1_SliceStatus] = []
        var after: UInt64 = 0
        repeat {
            let query = Penstock_V1_BudgetQuery.with { ($0.node, $0.afterSlice) = (node, after) }
            guard case .budgets(let page) = try client.ask(.budgets(query)) else { throw client.unexpected }
            slices += page.budgets.first?.slices ?? []
            after = page.nextSlice
        } while after != 0
        return slices
    }
}
