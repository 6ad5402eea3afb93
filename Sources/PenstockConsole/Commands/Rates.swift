internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct RateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "Ceilings on how fast, over all nodes together.",
        subcommands: [Create.self, List.self, Show.self, Change.self, Close.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Hold all grants that match to one rate.",
            discussion: """
                Example: penstock rate create alice-calls --unit calls --rate 100/1m,burst=20 --for principal=alice

                In any span of time no more is admitted, over all nodes together, than the burst and what the span is \
                worth. Every
                call counts as one of the unit 'calls', whether or not it says so. A grant's own rate is 'grant issue \
                --rate'.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Unit: calls, tokens, usd_micros, …") var unit: String
        @Option(help: "N/DURATION, such as 100/1m, from 100 ms to 1 day; with ,burst=B for another burst than N.")
        var rate: RateText
        @Option(help: "Whom it covers: KIND=VALUE, as in principal=alice or agent-class=coder, or all.") var `for`:
            CoveredText

        func validate() throws {
            try Ids.check(name, "NAME")
            try Ids.check(unit, "--unit")
            if let problem = `for`.selector.coveringProblem { throw ValidationError("--for: \(problem)") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let named = NamedRate(
                    Rate(name: name, unit: unit, limit: rate.limit, periodMS: rate.periodMS, burst: rate.burst),
                    for: `for`.selector)
                let submitted = try mesh.client(.operator).change(.rateCreated(named))
                let row = RateView(named, position: submitted.position)
                try Output.print(row, mesh.output) {
                    [["rate '\(name)': \(row.rate) \(unit) for \(row.for), position \(row.position)"]]
                }
            }
        }
    }
}

extension RateCommand {
    struct Change: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "change", abstract: "Another limit or burst for a named rate, while it is in use.",
            discussion: """
                Example: penstock rate change alice-calls --rate 200/1m,burst=40

                Each node follows it as it reaches the event; until then it uses its share of the old one. The unit \
                and whom it covers stay.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "N/DURATION, such as 100/1m, from 100 ms to 1 day; with ,burst=B for another burst than N.")
        var rate: RateText
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                let old = try client.rate(name).named
                let new = Rate(
                    name: name, unit: old.rate.unit, limit: rate.limit, periodMS: rate.periodMS, burst: rate.burst)
                let submitted = try client.change(.rateChanged(new, reason: reason))
                let row = RateView(NamedRate(new, for: old.selector), position: submitted.position)
                try Output.print(row, mesh.output) {
                    [["rate '\(name)': \(row.rate) \(row.unit) for \(row.for), position \(row.position)"]]
                }
            }
        }
    }

    struct Close: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "Close a named rate: it bounds nothing any more, and its name is free.",
            discussion: "To stop whom it covers, suspend or revoke them.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String
        @Option(help: "Why; it stays in the log.") var reason = ""

        func run() throws {
            try Failure.run(mesh.output) {
                let submitted = try mesh.client(.operator).change(.rateClosed(name, reason: reason))
                try Output.print(Closing(name: name, position: submitted.position), mesh.output) {
                    [["rate '\(name)' closed, position \(submitted.position)"]]
                }
            }
        }
    }
}
