internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

extension BudgetCommand {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Where every unit of a budget is. NAME is a budget's or a grant's.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "A budget's name or a grant's id.") var name: String

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try BudgetView.ask(mesh.client(.operator, .auditor, .issuer), .with { $0.name = name })
                guard !rows.isEmpty else { throw NodeError(.notFound, "no budget '\(name)'") }
                try Output.print(list: rows, mesh.output) { rows.flatMap(\.table) }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "All budgets, named and of grants; or those that are named, or that fit.",
            discussion: "A grant's own budgets are called GRANT/UNIT; its id names all of them. All filters must hold.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Only these: names, or ids of grants.") var names: [String] = []
        @Flag(help: "Only those that have a name of their own.") var named = false
        @Flag(help: "Named ones under their parents, then those of grants.") var tree = false
        @Option(help: "Only this budget and those below it.") var under: String?
        @Option(help: "Only in this unit.") var unit: String?
        @Flag(help: "Only those that a debt has frozen.") var frozen = false

        @OptionGroup var page: NamePageOptions

        func validate() throws {
            if tree, page.isSet { throw ValidationError("--tree has no pages: leave out --limit and --cursor") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let all = try BudgetView.ask(mesh.client(.operator, .auditor, .issuer), query)
                for name in names + [under].compactMap({ $0 }) where !all.contains(where: { $0.isCalled(name) }) {
                    throw NodeError(.notFound, "no budget '\(name)'")
                }
                let ordered = BudgetTree(all)
                let below = under.map { ordered.names(below: $0).union([$0]) }
                let wanted = (tree ? ordered.rows : all.map { BudgetTree.Row(budget: $0, depth: 0) }).filter {
                    isWanted($0.budget, below)
                }
                let rows = page.cut(wanted, \.budget.name)
                try Output.print(list: rows.map(\.budget), mesh.output) {
                    [["BUDGET", "UNIT", "CEILING", "SETTLED", "OUT", "UNALLOCATED", ""]] + rows.map(Self.columns)
                }
            }
        }

        /// What the ledger can leave out: a name must be found whatever else is asked, and a tree needs every parent.
        private var query: Penstock_V1_BudgetQuery {
            guard names.isEmpty, under == nil else { return .init() }
            return .with { ($0.named, $0.unit, $0.frozen) = (named, unit ?? "", frozen && !tree) }
        }

        private func isWanted(_ row: BudgetView, _ below: Set<String>?) -> Bool {
            if !names.isEmpty, !names.contains(where: { row.isCalled($0) }) { return false }
            if let below, !below.contains(row.name) { return false }
            return (!named || !row.isOfGrant) && (unit == nil || row.unit == unit) && (!frozen || row.frozen)
        }

        private static func columns(_ row: BudgetTree.Row) -> [String] {
            let budget = row.budget
            return [
                String(repeating: "  ", count: row.depth) + budget.name, budget.unit, "\(budget.ceiling)",
                "\(budget.settled)", "\(budget.out)",
                "\(budget.unallocated)", budget.closed ? "closed" : budget.frozen ? "frozen" : budget.bar,
            ]
        }
    }
}
