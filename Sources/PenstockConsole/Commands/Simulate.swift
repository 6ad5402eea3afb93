internal import ArgumentParser
internal import PenstockSimulator

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run the real core through simulated disasters, and check every guarantee.",
        discussion: """
            A mesh of up to 50 enforcers in one thread, with clocks, networks and disks that fail. The same seed, \
            steps and nodes
            of the same version give the same run. A step is a delivered message, a timer, a fault or a call. After a
            violation the shortest history that shows it is looked for and printed, and the exit status is 1.
            """)
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Seeds, one after another.") var seeds = 1
    @Option(help: "Steps of each seed, before faults stop and everything must heal.") var steps = 20_000
    @Option(help: "Enforcers, 1 to 50; several in turn, such as 3,10.") var nodes = "10"
    @OptionGroup var formats: FormatOptions

    private var counts: [Int] { nodes.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard (1...1_000_000_000).contains(seeds), (1...100_000_000).contains(steps) else {
            throw ValidationError("--seeds is 1 to 1,000,000,000, --steps 1 to 100,000,000")
        }
        guard !counts.isEmpty, counts.count == nodes.split(separator: ",").count,
            counts.allSatisfy({ (1...50).contains($0) })
        else { throw ValidationError("--nodes is 1 to 50, or several such numbers with commas") }
    }

    func run() throws {
        try Failure.run(formats.chosen) {
            let start = ContinuousClock.now
            var begun = 0
            let report = Sweep(firstSeed: seed, stepsPerSeed: steps, nodes: counts).run { done in
                defer { begun += 1 }
                if begun > 0, begun.isMultiple(of: 100) { Output.message("\(begun) of \(seeds) seeds, \(done) steps") }
                return begun < seeds
            }
            let took = (ContinuousClock.now - start) / .seconds(1)
            try Output.print(Row(report, took), formats.chosen) {
                report.text(took: took).split(separator: "\n").map { [String($0)] }
            }
            if report.failure != nil { throw Exit.local }
        }
    }

    private struct Row: Encodable {
        var seeds: Int
        var steps: Int
        var simulatedMs: Int
        var stepsPerSecond: Int
        var occurred: [String: Int]
        var missing: [String]
        var failure: Failure?

        struct Failure: Encodable {
            var seed: UInt64
            var nodes: Int
            var step: Int
            var guarantee: String
            var what: String
            var history: [String]
        }

        init(_ report: Sweep.Report, _ took: Double) {
            seeds = report.seeds
            steps = report.steps
            simulatedMs = Int(report.simulatedSeconds * 1000)
            stepsPerSecond = Int(Double(report.steps) / max(took, 0.001))
            occurred = Dictionary(report.counts, uniquingKeysWith: +)
            missing = report.missing
            failure = report.failure.map {
                Failure(
                    seed: $0.seed, nodes: $0.nodes, step: $0.step, guarantee: $0.guarantee, what: $0.what,
                    history: $0.history)
            }
        }
    }
}
