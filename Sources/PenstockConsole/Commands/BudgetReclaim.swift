internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

extension BudgetCommand {
    struct Reclaim: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reclaim", abstract: "Decide on what a node that is gone for good has left in its slices.",
            discussion:
                """
                Each incarnation that is named by a slice and can only deny is refused for ever. Without --spent \
                its unspent part goes back, which risks what it may have spent and never told.
                """
        )
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The node.") var node: String
        @Flag(help: "Count all of it as spent.") var spent = false
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                let silent = Dictionary(grouping: try BudgetView.slices(client, ofNode: node).filter(\.silent)) {
                    [UInt8]($0.incarnation)
                }
                guard !silent.isEmpty else {
                    throw NodeError(.notFound, "no slice of a silent incarnation of node '\(node)' is open")
                }
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
                        let uses = page.map {
                            SliceReport.Use(slice: $0.slice, used: spent ? $0.amount - $0.returned : $0.used)
                        }
                        let submitted = try client.change(
                            .sliceClosed(
                                SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: true)))
                        rows.append(
                            Row(
                                incarnation: "\(incarnation)", slices: page.count,
                                amount: page.reduce(0) { $0 + $1.amount - $1.returned - $1.used },
                                position: submitted.position))
                    }
                }
                try Output.print(list: rows, mesh.output) {
                    [["INCARNATION", "SLICES", "AMOUNT", "POSITION"]]
                        + rows.map { [$0.incarnation, "\($0.slices)", "\($0.amount)", "\($0.position)"] }
                }
            }
        }
    }
}
