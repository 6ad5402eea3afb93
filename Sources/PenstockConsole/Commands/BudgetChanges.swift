internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

extension BudgetCommand {
    struct Change: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change",
            abstract: "Move a named budget to another parent, or change its bounds; what is not named stays.",
            discussion: """
                Example: penstock budget change alice --parent team-b --reason moved

                What was spent, and what is out in slices, stays with the parents that it was drawn on; what is drawn \
                from here on is
                drawn on the new ones. Its unit and its window cannot change. The ceiling is 'budget set-ceiling'.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Budget in the same unit that it draws on from now on; none to draw on none.") var parent: String?
        @Option(help: "Most that may be out in slices at once; 0 for no bound but the ceiling.") var maxOut: Int64?
        @Option(help: "Warn at so many percent of the ceiling; may be repeated.") var warnAt: [UInt32] = []
        @Option(help: "Why; it stays in the log.") var reason = ""

        func validate() throws {
            guard parent != nil || maxOut != nil || !warnAt.isEmpty else {
                throw ValidationError("name what is to change: --parent, --max-out or --warn-at")
            }
            try Ids.check(parent, "--parent")
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let change = BudgetChange(
                    name: name, parent: parent.map { $0 == "none" ? "" : $0 }, maxOut: maxOut,
                    warnAt: warnAt.isEmpty ? nil : Set(warnAt).sorted())
                let submitted = try mesh.client(.operator).change(.budgetChanged(change, reason: reason))
                struct Row: Encodable {
                    var name: String
                    var parent: String?
                    var maxOut: Int64?
                    var warnAt: [UInt32]?
                    var position: UInt64
                }
                let row = Row(
                    name: name, parent: change.parent, maxOut: maxOut, warnAt: change.warnAt,
                    position: submitted.position)
                try Output.print(row, mesh.output) {
                    [["budget '\(name)': \(change.written), position \(submitted.position)"]]
                }
            }
        }
    }

    struct Close: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close",
            abstract: "Close a named budget for good: what draws on it is denied as budget_closed.",
            discussion:
                """
                What is unspent in slices is called back and goes to its parents. What was spent stays where it \
                was spent, and the name stays taken.
                """
        )
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Why; it stays in the log.") var reason = ""
        @OptionGroup var confirmation: ConfirmationOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                guard let row = try BudgetView.ask(client, .with { $0.name = name }).first(where: { $0.name == name })
                else {
                    throw NodeError(.notFound, "no budget '\(name)'")
                }
                let what = "budget '\(name)': \(row.settled) of \(row.ceiling) \(row.unit) settled, \(row.out) out"
                if confirmation.dryRun { return Output.message("would close \(what)") }
                try confirmation.confirm("Close \(what)? Type its name:", name, otherwise: "nothing was closed")
                let submitted = try client.change(.budgetClosed(name, reason: reason))
                try Output.print(Closing(name: name, position: submitted.position), mesh.output) {
                    [["budget '\(name)' closed, position \(submitted.position)"]]
                }
            }
        }
    }
}

extension BudgetChange {
    var written: String {
        let parts = [
            parent.map { $0.isEmpty ? "no parent" : "parent \($0)" }, maxOut.map { "at most \($0) out" },
            warnAt.map { "warnings at \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

/// What a closing prints.
struct Closing: Encodable {
    var name: String
    var closed = true
    var position: UInt64
}
