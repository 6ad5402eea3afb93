internal import ArgumentParser
internal import PenstockBench

extension BenchCommand {
    /// What runs side by side in one process.
    struct SideOptions: ParsableArguments {
        @Option(help: "Threads of each cell, separated by commas: 1 to 64 each.") var threads = "1,2"
        @Option(help: "Parts in which grants are decided: 1 to 64. Default: 8 for each core.") var shards: Int?

        /// Threads, by cell.
        var cells: [Int] { threads.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 } }

        func validate() throws {
            guard cells.allSatisfy((1...64).contains) else {
                throw ValidationError("--threads is numbers from 1 to 64, separated by commas")
            }
            guard shards.map((1...64).contains) ?? true else { throw ValidationError("--shards is 1 to 64") }
        }
    }

    struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "apply", abstract: "Applying a revoke in process, while threads decide without pause.")
        @Option(help: "Live grants, picked at random: 1 to 1,000,000.") var grants = 100_000
        @Option(help: "Revokes of each cell: 10 to 20,000.") var n = 2_000
        @OptionGroup var sides: SideOptions
        @OptionGroup var formats: FormatOptions

        func run() throws {
            guard (1...1_000_000).contains(grants), (10...20_000).contains(n) else {
                throw ValidationError("--grants is 1 to 1,000,000, --n 10 to 20,000")
            }
            try Failure.run(formats.chosen) {
                try Benches.inFolder { folder in
                    try Benches.print(
                        ApplyBench(grants: grants, revokes: n, threads: sides.cells, shards: sides.shards).run(
                            in: folder), formats.chosen)
                }
            }
        }
    }
}
