internal import ArgumentParser
internal import Foundation
internal import PenstockBench
internal import PenstockNode

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Benchmarks; each prints its floor from the same run.",
        subcommands: [Decide.self])

    struct Decide: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The full decision in process, with 1 and 2 threads.")
        @Option(help: "Live grants, picked at random.") var grants = 100_000
        @Option(help: "Decisions of each cell.") var n = 1_000_000
        @Option(name: .shortAndLong, help: "table, json or jsonl.") var output: OutputFormat = .table

        func run() throws {
            guard (1...1_000_000).contains(grants), (1000...100_000_000).contains(n) else { throw ValidationError("--grants is 1 to 1,000,000, --n 1,000 to 100,000,000") }
            try Failure.run(output) {
                try Benches.inFolder { folder in try Benches.print(DecideBench(grants: grants, decisions: n).run(in: folder), output) }
            }
        }
    }
}

enum Benches {
    static func print(_ cells: [BenchResult], _ output: OutputFormat) throws {
        try Output.print(list: cells, output) {
            [[Machine.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")]]
        }
        if output == .table { Output.write(Table.text([BenchResult.heading] + cells.map(\.row))) }
    }

    /// A folder of its own, gone afterwards.
    static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("penstock-bench-\(ProcessInfo.processInfo.processIdentifier)").path
        try PrivateFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
