internal import PenstockSimulator

/// `penstock-simulator`: the sweep that the tests run, without the rest of Penstock. For people, `penstock simulate` is
/// the same.
///
///     penstock-simulator [--seed N] [--seeds N] [--steps N] [--nodes N,N…] [--seconds N] [--no-shrink]
@main
enum Main {
    static func main() {
        var options: [String: String] = [:]
        var arguments = CommandLine.arguments.dropFirst()
        while let name = arguments.popFirst() {
            options[name] = name == "--no-shrink" ? "" : arguments.popFirst() ?? ""
        }
        let steps = Int(options["--steps"] ?? "") ?? 20_000
        let seeds = Int(options["--seeds"] ?? "") ?? .max
        let seconds = Int(options["--seconds"] ?? "") ?? (seeds == .max ? 10 : .max / 2)
        let nodes = (options["--nodes"] ?? "10").split(separator: ",").compactMap { Int($0) }
        let sweep = Sweep(firstSeed: UInt64(options["--seed"] ?? "") ?? 1, stepsPerSeed: steps, nodes: nodes)
        let start = ContinuousClock.now
        var begun = 0
        let report = sweep.run(shrinks: options["--no-shrink"] == nil) { _ in
            defer { begun += 1 }
            return begun < seeds && ContinuousClock.now - start < .seconds(seconds)
        }
        let took = ContinuousClock.now - start
        print(report.text(took: Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18))
    }
}
