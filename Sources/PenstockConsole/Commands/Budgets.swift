internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct BudgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "budget", abstract: "Ceilings on spend.", subcommands: [Create.self, Show.self, List.self, SetCeiling.self, AcceptDebt.self, Reclaim.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a named budget that grants can draw on, perhaps under a parent.",
            discussion: """
                A grant draws on it by 'grant issue --draw NAME', by matching --for, or through a budget that has it as its parent.
                --window is 1h (anew every hour), rolling:1h (in any hour), or hour, day, week, month or year of a time zone,
                as in month@Europe/Berlin. Without it the ceiling is for ever.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Unit: usd_micros, tokens, calls, …") var unit: String
        @Option(help: "Most that may be spent, in the unit's smallest part.") var ceiling: Int64
        @Option(help: "Budget in the same unit that this one draws on.") var parent = ""
        @Option(help: "Cover every grant that matches: KIND=VALUE, as in principal=alice, or all.") var `for`: CoveredText?
        @Option(help: "The time that the ceiling is for.") var window = "none"
        @Option(help: "Most that may be out in slices at once; 0 for no bound but the ceiling.") var maxOut: Int64 = 0
        @Option(help: "Warn at so many percent of the ceiling; may be repeated.") var warnAt: [UInt32] = [80, 95]

        func validate() throws {
            try Ids.check(name, "NAME")
            try Ids.check(unit, "--unit")
            try Ids.check(parent, "--parent", mayBeEmpty: true)
            // A grant's own budgets are called GRANT/UNIT, and these two must not be taken for one another.
            guard !name.contains("/") else { throw ValidationError("a budget's name has no '/': GRANT/UNIT is a grant's own budget") }
            guard BudgetWindow(written: window) != nil else { throw ValidationError("--window is 1h, rolling:1h or month@Europe/Berlin, not '\(window)'") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let budget = Budget(
                    name: name, unit: unit, ceiling: ceiling, parent: parent, selector: `for`?.selector, window: BudgetWindow(written: window)!, maxOut: maxOut,
                    warnAt: Set(warnAt).sorted())
                let (submitted, _) = try mesh.client(.operator).submit(.budgetCreated(budget))
                try BudgetChange(name: name, unit: unit, ceiling: ceiling, position: submitted.position).print(mesh.output)
            }
        }
    }

    struct SetCeiling: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Raise or lower a ceiling while it is in use.",
            discussion: "Raising works at once. Lowering below what is spent or out stops new slices, calls the unspent ones back, and shows the rest as overcommitted.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "A budget's name, or GRANT/UNIT for a grant's own.") var name: String
        @Argument(help: "The new ceiling.") var ceiling: Int64
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
                let key: BudgetKey = parts.count == 2 ? .grant(parts[0], unit: parts[1]) : .named(name)
                let (submitted, _) = try mesh.client(.operator).submit(.budgetCeilingSet(key, ceiling: ceiling, reason: reason))
                try BudgetChange(name: name, unit: nil, ceiling: ceiling, position: submitted.position).print(mesh.output)
            }
        }
    }

    struct AcceptDebt: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Accept real cost above what was held: it is charged to the ceiling, and the budgets are free again.",
            discussion: "'budget show' names the log positions of a budget's open debts. Only debts that are named are accepted.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Log positions of debts.") var positions: [UInt64]
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let (submitted, _) = try mesh.client(.operator).submit(.debtsAccepted(positions, reason: reason))
                struct Row: Encodable {
                    var accepted: [UInt64]
                    var position: UInt64
                }
                try Output.print(Row(accepted: positions, position: submitted.position), mesh.output) { [["\(positions.count) debts accepted, position \(submitted.position)"]] }
            }
        }
    }

    struct Reclaim: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide on what a node that is gone for good has left in its slices.",
            discussion: "Each incarnation that is named by a slice and can only deny is refused for ever. Without --spent its unspent part goes back, which risks what it may have spent and never told.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The node.") var node: String
        @Flag(help: "Count all of it as spent.") var spent = false
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                let silent = Dictionary(grouping: try BudgetView.slices(client, ofNode: node).filter(\.silent)) { [UInt8]($0.incarnation) }
                guard !silent.isEmpty else { throw NodeError(.notFound, "no slice of a silent incarnation of node '\(node)' is open") }
                struct Row: Encodable {
                    var incarnation: String
                    var slices: Int
                    var amount: Int64
                    var position: UInt64
                }
                var rows: [Row] = []
                for (bytes, slices) in silent {
                    guard let incarnation = Incarnation(bytes) else { continue }
                    for start in stride(from: 0, to: slices.count, by: 1000) {
                        let page = slices[start..<min(start + 1000, slices.count)]
                        let uses = page.map { SliceReport.Use(slice: $0.slice, used: spent ? $0.amount - $0.returned : $0.used) }
                        let (submitted, _) = try client.submit(.sliceClosed(SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: true)))
                        rows.append(Row(incarnation: "\(incarnation)", slices: page.count, amount: page.reduce(0) { $0 + $1.amount - $1.returned - $1.used }, position: submitted.position))
                    }
                }
                try Output.print(list: rows, mesh.output) { [["INCARNATION", "SLICES", "AMOUNT", "POSITION"]] + rows.map { [$0.incarnation, "\($0.slices)", "\($0.amount)", "\($0.position)"] } }
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
        static let configuration = CommandConfiguration(
            abstract: "All budgets, named and of grants; or those that are named, or that fit.",
            discussion: "A grant's own budgets are called GRANT/UNIT; its id names all of them. All filters must hold.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Only these: names, or ids of grants.") var names: [String] = []
        @Flag(help: "Only those that have a name of their own.") var named = false
        @Flag(help: "Named ones under their parents, then those of grants.") var tree = false
        @Option(help: "Only this budget and those below it.") var under: String?
        @Option(help: "Only in this unit.") var unit: String?
        @Flag(help: "Only those that a debt has frozen.") var frozen = false

        func run() throws {
            try Failure.run(mesh.output) {
                let all = try BudgetView.ask(mesh.client(.operator, .auditor, .issuer), "")
                for name in names + [under].compactMap({ $0 }) where !all.contains(where: { $0.isCalled(name) }) { throw NodeError(.notFound, "no budget '\(name)'") }
                let ordered = BudgetTree(all)
                let below = under.map { ordered.names(below: $0).union([$0]) }
                let rows = (tree ? ordered.rows : all.map { BudgetTree.Row(budget: $0, depth: 0) }).filter { isWanted($0.budget, below) }
                try Output.print(list: rows.map(\.budget), mesh.output) {
                    [["BUDGET", "UNIT", "CEILING", "SETTLED", "OUT", "UNALLOCATED", ""]] + rows.map(Self.columns)
                }
            }
        }

        private func isWanted(_ row: BudgetView, _ below: Set<String>?) -> Bool {
            if !names.isEmpty, !names.contains(where: { row.isCalled($0) }) { return false }
            if let below, !below.contains(row.name) { return false }
            return (!named || !row.isOfGrant) && (unit == nil || row.unit == unit) && (!frozen || row.frozen)
        }

        private static func columns(_ row: BudgetTree.Row) -> [String] {
            let budget = row.budget
            return [
                String(repeating: "  ", count: row.depth) + budget.name, budget.unit, "\(budget.ceiling)", "\(budget.settled)", "\(budget.out)",
                "\(budget.unallocated)", budget.frozen ? "frozen" : budget.bar,
            ]
        }
    }
}

/// What a change of a budget prints.
private struct BudgetChange: Encodable {
    var name: String
    var unit: String?
    var ceiling: Int64
    var position: UInt64

    func print(_ output: OutputFormat) throws {
        try Output.print(self, output) { [["budget '\(name)': \(ceiling)\(unit.map { " " + $0 } ?? ""), position \(position)"]] }
    }
}
