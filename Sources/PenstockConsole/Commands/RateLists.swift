internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

extension RateCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "All rates that have a name.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Only in this unit.") var unit: String?
        @Option(help: "Only those that cover just this: KIND=VALUE, as in principal=alice, or all.") var `for`:
            CoveredText?
        @OptionGroup var page: PageOptions

        func validate() throws { try Ids.check(unit, "--unit") }

        func run() throws {
            try Failure.run(mesh.output) {
                let query = Penstock_V1_RateQuery.with {
                    ($0.after, $0.unit) = (page.cursor ?? 0, unit ?? "")
                    if let selector = `for`?.selector { $0.selector = selector.proto }
                }
                let (found, next) = try mesh.client(.operator, .auditor, .issuer).rates(query, limit: page.most)
                let rows = found.map { RateView($0.named, position: $0.position) }
                try Output.print(list: rows, mesh.output) {
                    [["RATE", "UNIT", "LIMIT", "FOR", "POSITION"]]
                        + rows.map { [$0.name, $0.unit, $0.rate, $0.for, "\($0.position)"] }
                }
                PageOptions.sayMore(next)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "One rate.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "Its name.") var name: String

        func run() throws {
            try Failure.run(mesh.output) {
                let placed = try mesh.client(.operator, .auditor, .issuer).rate(name)
                let row = RateView(placed.named, position: placed.position)
                try Output.print(row, mesh.output) {
                    [
                        ["rate", row.name], ["limit", "\(row.rate) \(row.unit)"], ["burst", "\(row.burst)"],
                        ["for", row.for], ["position", "\(row.position)"],
                    ]
                }
            }
        }
    }
}

/// A named rate as JSON prints it.
struct RateView: Encodable {
    var name: String
    var unit: String
    var limit: Int64
    var periodMs: Int64
    var burst: Int64
    var rate: String
    var `for`: String
    var position: UInt64

    init(_ named: NamedRate, position: Position) {
        (name, unit, limit, periodMs, burst) = (
            named.rate.name, named.rate.unit, named.rate.limit, named.rate.periodMS, named.rate.burst
        )
        (rate, self.for, self.position) = (RateText.written(named.rate), named.selector.description, position)
    }
}

extension LedgerClient {
    func rate(_ name: String) throws -> View.PlacedRate {
        guard !name.isEmpty, let rate = try rates(.with { $0.name = name }).rows.first else {
            throw NodeError(.notFound, "no rate '\(name)'")
        }
        return rate
    }
}
