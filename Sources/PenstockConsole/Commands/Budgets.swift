internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct BudgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "budget", abstract: "Ceilings on spend.", subcommands: [Create.self, Show.self, List.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a named budget that grants can draw on, perhaps under a parent.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Unit: usd_micros, tokens, calls, …") var unit: String
        @Option(help: "Most that may be spent, in the unit's smallest part.") var ceiling: Int64
        @Option(help: "Budget in the same unit that this one draws on.") var parent = ""

        func validate() throws {
            try Ids.check(name, "NAME")
            try Ids.check(unit, "--unit")
            try Ids.check(parent, "--parent", mayBeEmpty: true)
            // A grant's own budgets are called GRANT/UNIT, and these two must not be taken for one another.
            guard !name.contains("/") else { throw ValidationError("a budget's name has no '/': GRANT/UNIT is a grant's own budget") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let (submitted, _) = try mesh.client(.operator).submit(.budgetCreated(Budget(name: name, unit: unit, ceiling: ceiling, parent: parent)))
                struct Row: Encodable {
                    var name: String
                    var unit: String
                    var ceiling: Int64
                    var position: UInt64
                }
                try Output.print(Row(name: name, unit: unit, ceiling: ceiling, position: submitted.position), mesh.output) { [["budget '\(name)': \(ceiling) \(unit), position \(submitted.position)"]] }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Where every unit of a budget is. NAME is a budget's or a grant's.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "A budget's name or a grant's id.") var name: String

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try BudgetView.ask(mesh.client(.operator, .auditor, .issuer), name)
                guard !rows.isEmpty else { throw NodeError(.notFound, "no budget '\(name)'") }
                try Output.print(list: rows, mesh.output) { rows.flatMap(\.table) }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All budgets, named and of grants.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try BudgetView.ask(mesh.client(.operator, .auditor, .issuer), "")
                try Output.print(list: rows, mesh.output) {
                    [["BUDGET", "UNIT", "CEILING", "SETTLED", "OUT", "UNALLOCATED"]]
                        + rows.map { [$0.name, $0.unit, "\($0.ceiling)", "\($0.settled)", "\($0.out)", "\($0.unallocated)"] }
                }
            }
        }
    }
}

struct BudgetView: Encodable {
    struct Slice: Encodable {
        var slice: UInt64
        var node: String
        var incarnation: String
        var amount: Int64
        var used: Int64
        var grantId: String
    }

    var name: String
    var unit: String
    var ceiling: Int64
    var settled: Int64
    /// In slices and not reported spent: holds included.
    var out: Int64
    var unallocated: Int64
    var parent: String
    var slices: [Slice]

    static func ask(_ client: LedgerClient, _ name: String) throws -> [BudgetView] {
        guard case .budgets(let reply) = try client.ask(.budgets(.with { $0.name = name })) else { throw client.unexpected }
        return reply.budgets.map { row in
            BudgetView(
                name: row.name, unit: row.unit, ceiling: row.ceiling, settled: row.settled, out: row.out, unallocated: row.unallocated, parent: row.parent,
                slices: row.slices.map { Slice(slice: $0.slice, node: $0.node, incarnation: Hex.encode($0.incarnation), amount: $0.amount, used: $0.used, grantId: $0.grantID) })
        }
    }

    var table: [[String]] {
        [["budget \(name)", ""], ["ceiling", "\(ceiling) \(unit)"], ["settled", "\(settled)"], ["out in slices", "\(out)"], ["unallocated", "\(unallocated)"]]
            + slices.map { ["slice \($0.slice)", "\($0.used) of \($0.amount) used at \($0.node)"] }
    }
}
