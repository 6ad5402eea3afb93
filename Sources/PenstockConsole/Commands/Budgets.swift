internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

struct BudgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget", abstract: "Ceilings on spend.",
        subcommands: [
            Create.self, Show.self, List.self, SetCeiling.self, Change.self, Close.self, AcceptDebt.self,
            SetTolerance.self, Reclaim.self,
        ])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a named budget that grants can draw on, perhaps under a parent.",
            discussion: """
                A grant draws on it by 'grant issue --draw NAME', by matching --for, or through a budget that has it \
                as its parent.
                --window is 1h (anew every hour), rolling:1h (in any hour), or hour, day, week, month or year of a \
                time zone,
                as in month@Europe/Berlin. Without it the ceiling is for ever.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Unit: usd_micros, tokens, calls, …") var unit: String
        @Option(help: "Most that may be spent, in the unit's smallest part.") var ceiling: Int64
        @Option(help: "Budget in the same unit that this one draws on.") var parent = ""
        @Option(help: "Cover every grant that matches: KIND=VALUE, as in principal=alice, or all.") var `for`:
            CoveredText?
        @Option(help: "The time that the ceiling is for.") var window = "none"
        @Option(help: "Most that may be out in slices at once; 0 for no bound but the ceiling.") var maxOut: Int64 = 0
        @Option(help: "Warn at so many percent of the ceiling; may be repeated.") var warnAt: [UInt32] = [80, 95]

        func validate() throws {
            try Ids.check(name, "NAME")
            try Ids.check(unit, "--unit")
            try Ids.check(parent, "--parent", mayBeEmpty: true)
            // A grant's own budgets are called GRANT/UNIT, and these two must not be taken for one another.
            guard !name.contains("/") else {
                throw ValidationError("a budget's name has no '/': GRANT/UNIT is a grant's own budget")
            }
            if let problem = `for`?.selector.coveringProblem { throw ValidationError("--for: \(problem)") }
            guard BudgetWindow(written: window) != nil else {
                throw ValidationError("--window is 1h, rolling:1h or month@Europe/Berlin, not '\(window)'")
            }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let budget = Budget(
                    name: name, unit: unit, ceiling: ceiling, parent: parent, selector: `for`?.selector,
                    window: BudgetWindow(written: window)!, maxOut: maxOut,
                    warnAt: Set(warnAt).sorted())
                let submitted = try mesh.client(.operator).change(.budgetCreated(budget))
                try CeilingSet(name: name, unit: unit, ceiling: ceiling, position: submitted.position).print(
                    mesh.output)
            }
        }
    }

    struct SetCeiling: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-ceiling", abstract: "Raise or lower a ceiling while it is in use.",
            discussion:
                """
                Raising works at once. Lowering below what is spent or out stops new slices, calls the unspent \
                ones back, and shows the rest as overcommitted.
                """
        )
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "A budget's name, or GRANT/UNIT for a grant's own.") var name: String
        @Argument(help: "The new ceiling.") var ceiling: Int64
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
                let key: BudgetKey = parts.count == 2 ? .grant(parts[0], unit: parts[1]) : .named(name)
                let submitted = try mesh.client(.operator).change(
                    .budgetCeilingSet(key, ceiling: ceiling, reason: reason))
                try CeilingSet(name: name, unit: nil, ceiling: ceiling, position: submitted.position).print(mesh.output)
            }
        }
    }
}

/// What a change of a budget prints.
private struct CeilingSet: Encodable {
    var name: String
    var unit: String?
    var ceiling: Int64
    var position: UInt64

    func print(_ output: OutputFormat) throws {
        try Output.print(self, output) {
            [["budget '\(name)': \(ceiling)\(unit.map { " " + $0 } ?? ""), position \(position)"]]
        }
    }
}
