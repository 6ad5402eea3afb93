internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct BudgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "budget", abstract: "Ceilings on spend.", 
        subcommands: [Create.self, Show.self, List.self, SetCeiling.self, Change.self, Close.self, AcceptDebt.self, SetTolerance.self, Reclaim.self])

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
            if let problem = `for`?.selector.coveringProblem { throw ValidationError("--for: \(problem)") }
            guard BudgetWindow(written: window) != nil else { throw ValidationError("--window is 1h, rolling:1h or month@Europe/Berlin, not '\(window)'") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let budget = Budget(
                    name: name, unit: unit, ceiling: ceiling, parent: parent, selector: `for`?.selector, window: BudgetWindow(written: window)!, maxOut: maxOut,
                    warnAt: Set(warnAt).sorted())
                let submitted = try mesh.client(.operator).change(.budgetCreated(budget))
                try CeilingSet(name: name, unit: unit, ceiling: ceiling, position: submitted.position).print(mesh.output)
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
                let submitted = try mesh.client(.operator).change(.budgetCeilingSet(key, ceiling: ceiling, reason: reason))
                try CeilingSet(name: name, unit: nil, ceiling: ceiling, position: submitted.position).print(mesh.output)
            }
        }
    }

    struct AcceptDebt: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle real cost above what was held: as it was reported, or at --amount; the grant and its budgets are free again.",
            discussion: """
                'budget show' names the log positions of a budget's open debts. Only debts that are named are settled.
                A report that cannot be true is settled at what you believe, or at 0: penstock budget accept-debt 18 --amount 0
                What was reported, what is charged and who says so stay in the log.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Log positions of debts.") var positions: [UInt64]
        @Option(help: "Charge so much of each in place of what was reported, 0 included: N, or UNIT=N where a debt has several units; may be repeated.") var amount: [SettledText] = []
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                struct Row: Encodable {
                    var accepted: [UInt64]
                    var position: UInt64
                    var reported: [String: Int64]?
                    var charged: [String: Int64]?
                }
                guard !amount.isEmpty else {
                    let submitted = try client.change(.debtsAccepted(positions, reason: reason))
                    return try Output.print(Row(accepted: positions, position: submitted.position), mesh.output) { [["\(positions.count) debts accepted, position \(submitted.position)"]] }
                }
                // All of them are looked at before one is settled.
                let settlements = try positions.map { try settlement(of: $0, client) }
                var rows: [Row] = []
                for settlement in settlements {
                    let submitted = try client.change(.debtSettled(settlement, reason: reason))
                    func units(_ amounts: [Amount]) -> [String: Int64] { Dictionary(amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: max) }
                    rows.append(Row(accepted: [settlement.position], position: submitted.position, reported: units(settlement.reported), charged: units(settlement.charged)))
                }
                try Output.print(list: rows, mesh.output) {
                    zip(settlements, rows).map { settlement, row in
                        let parts = zip(settlement.reported, settlement.charged).map { "\($0.value) \($0.unit) reported, \($1.value) charged" }
                        return ["debt \(settlement.position): \(parts.joined(separator: "; ")), position \(row.position)"]
                    }
                }
            }
        }

        private func settlement(of position: UInt64, _ client: LedgerClient) throws -> DebtSettlement {
            guard let debt = try client.debt(at: position) else { throw NodeError(.notFound, "no debt was recorded at position \(position)") }
            let charged = try debt.amounts.map { reported in
                let named = amount.first { $0.unit == reported.unit } ?? (debt.amounts.count == 1 ? amount.first { $0.unit.isEmpty } : nil)
                guard let named else {
                    throw NodeError(.configuration, "the debt of position \(position) has \(debt.amounts.map { "\($0.value) \($0.unit)" }.joined(separator: ", ")): say --amount UNIT=N for each")
                }
                return Amount(reported.unit, named.value)
            }
            return DebtSettlement(position: position, reported: debt.amounts, charged: charged)
        }
    }

    struct Change: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move a named budget to another parent, or change its bounds; what is not named stays.",
            discussion: """
                Example: penstock budget change alice --parent team-b --reason moved

                What was spent, and what is out in slices, stays with the parents that it was drawn on; what is drawn from here on is
                drawn on the new ones. Its unit and its window cannot change. The ceiling is 'budget set-ceiling'.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Budget in the same unit that it draws on from now on; none to draw on none.") var parent: String?
        @Option(help: "Most that may be out in slices at once; 0 for no bound but the ceiling.") var maxOut: Int64?
        @Option(help: "Warn at so many percent of the ceiling; may be repeated.") var warnAt: [UInt32] = []
        @Option(help: "Why; it stays in the log.") var reason = ""

        func validate() throws {
            guard parent != nil || maxOut != nil || !warnAt.isEmpty else { throw ValidationError("name what is to change: --parent, --max-out or --warn-at") }
            try Ids.check(parent, "--parent")
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let change = BudgetChange(
                    name: name, parent: parent.map { $0 == "none" ? "" : $0 }, maxOut: maxOut, warnAt: warnAt.isEmpty ? nil : Set(warnAt).sorted())
                let submitted = try mesh.client(.operator).change(.budgetChanged(change, reason: reason))
                struct Row: Encodable {
                    var name: String
                    var parent: String?
                    var maxOut: Int64?
                    var warnAt: [UInt32]?
                    var position: UInt64
                }
                let row = Row(name: name, parent: change.parent, maxOut: maxOut, warnAt: change.warnAt, position: submitted.position)
                try Output.print(row, mesh.output) { [["budget '\(name)': \(change.written), position \(submitted.position)"]] }
            }
        }
    }

    struct Close: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close a named budget for good: what draws on it is denied as budget_closed.",
            discussion: "What is unspent in slices is called back and goes to its parents. What was spent stays where it was spent, and the name stays taken.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Why; it stays in the log.") var reason = ""
        @OptionGroup var confirmation: ConfirmationOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                guard let row = try BudgetView.ask(client, name).first(where: { $0.name == name }) else { throw NodeError(.notFound, "no budget '\(name)'") }
                let what = "budget '\(name)': \(row.settled) of \(row.ceiling) \(row.unit) settled, \(row.out) out"
                if confirmation.dryRun { return Output.message("would close \(what)") }
                try confirmation.confirm("Close \(what)? Type its name:", name, otherwise: "nothing was closed")
                let submitted = try client.change(.budgetClosed(name, reason: reason))
                try Output.print(Closing(name: name, position: submitted.position), mesh.output) { [["budget '\(name)' closed, position \(submitted.position)"]] }
            }
        }
    }

    struct SetTolerance: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How much real cost above a hold freezes nothing: by unit, and as a part of a ceiling. The greater one counts.",
            discussion: """
                Example: penstock budget set-tolerance usd_micros=50000 1%

                A debt up to it is charged as any spend. Above it, it freezes its grant until 'budget accept-debt'; and it freezes each
                budget that it brings above its ceiling by more than the tolerance. It replaces the one of before; 0% alone is none.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "UNIT=N, or a percentage such as 0.5%.") var tolerance: [ToleranceText]

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                var settings = try client.settings()
                settings.debtTolerance = ToleranceText.all(tolerance)
                let submitted = try client.change(.settingsChanged(settings))
                struct Row: Encodable {
                    var amounts: [String: Int64]
                    var ppm: UInt32
                    var position: UInt64
                }
                let written = settings.debtTolerance
                let row = Row(amounts: Dictionary(written.amounts.map { ($0.unit, $0.value) }, uniquingKeysWith: max), ppm: written.ppm, position: submitted.position)
                try Output.print(row, mesh.output) { [["tolerance for debts: \(written.written), position \(submitted.position)"]] }
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
                        let submitted = try client.change(.sliceClosed(SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: true)))
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
                "\(budget.unallocated)", budget.closed ? "closed" : budget.frozen ? "frozen" : budget.bar,
            ]
        }
    }
}

/// What a closing prints.
struct Closing: Encodable {
    var name: String
    var closed = true
    var position: UInt64
}

/// `N`, or `UNIT=N`.
struct SettledText: ExpressibleByArgument {
    var unit = ""
    var value: Int64

    init?(argument: String) {
        if let value = Int64(argument), value >= 0 {
            self.value = value
        } else if let amount = AmountText(argument: argument) {
            (unit, value) = (amount.unit, amount.value)
        } else {
            return nil
        }
    }
}

/// `UNIT=N`, or a percentage.
struct ToleranceText: ExpressibleByArgument {
    var amount: Amount?
    var ppm: UInt32 = 0

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else { return nil }
            ppm = UInt32((percent * 10_000).rounded())
        } else {
            guard let text = AmountText(argument: argument), text.unit.isPrintable else { return nil }
            amount = Amount(text.unit, text.value)
        }
    }

    static func all(_ texts: [ToleranceText]) -> DebtTolerance {
        DebtTolerance(amounts: texts.compactMap(\.amount).sorted { $0.unit < $1.unit }, ppm: texts.map(\.ppm).max() ?? 0)
    }
}

extension DebtTolerance {
    var written: String {
        let parts = amounts.map { "\($0.unit)=\($0.value)" } + (ppm > 0 ? ["\(Double(ppm) / 10_000)%"] : [])
        return parts.isEmpty ? "none" : parts.joined(separator: " ")
    }
}

extension BudgetChange {
    var written: String {
        let parts = [parent.map { $0.isEmpty ? "no parent" : "parent \($0)" }, maxOut.map { "at most \($0) out" }, warnAt.map { "warnings at \($0)" }]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

extension LedgerClient {
    /// The debt that the event of a position records; nil where it records none.
    func debt(at position: Position) throws -> Debt? {
        guard position > 0, case .fetched(let page) = try ask(.fetch(.with { $0.from = position })) else { throw unexpected }
        guard let entry = page.events.first, case .debtRecorded(let debt) = try SignedEvent(entry: [UInt8](entry)).event.kind else { return nil }
        return debt
    }
}

/// What a change of a budget prints.
private struct CeilingSet: Encodable {
    var name: String
    var unit: String?
    var ceiling: Int64
    var position: UInt64

    func print(_ output: OutputFormat) throws {
        try Output.print(self, output) { [["budget '\(name)': \(ceiling)\(unit.map { " " + $0 } ?? ""), position \(position)"]] }
    }
}
