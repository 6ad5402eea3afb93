/// Many runs, one seed after another, until a number of steps, a time, or a violation.
package struct Sweep {
    package var firstSeed: UInt64
    package var stepsPerSeed: Int
    package var nodes: [Int]

    package init(firstSeed: UInt64, stepsPerSeed: Int, nodes: [Int]) {
        self.firstSeed = firstSeed
        self.stepsPerSeed = stepsPerSeed
        self.nodes = nodes
    }

    package struct Report: Sendable {
        package var seeds = 0
        package var steps = 0
        package var simulatedSeconds: Double = 0
        /// How often each fault and each sight occurred.
        package var counts: [(String, Int)] = []
        package var missing: [String] = []
        package var failure: Failure?
    }

    package struct Failure: Sendable {
        package var seed: UInt64
        package var nodes: Int
        package var step: Int
        package var guarantee: String
        package var what: String
        /// The shortest history found that breaks the same guarantee, in words.
        package var history: [String] = []
    }

    /// - Parameter goesOn: asked before each seed, with the steps done so far.
    package func run(shrinks: Bool = true, while goesOn: (Int) -> Bool) -> Report {
        var report = Report()
        var coverage = Coverage()
        while goesOn(report.steps) {
            let seed = firstSeed &+ UInt64(report.seeds)
            let simulation = Simulation(seed: seed, steps: stepsPerSeed, nodes: nodes[report.seeds % nodes.count])
            let outcome = simulation.run()
            report.seeds += 1
            report.steps += outcome.steps
            report.simulatedSeconds += Double(outcome.time) / 1e9
            coverage.add(outcome.coverage)
            guard let violation = outcome.violation else { continue }
            var failure = Failure(
                seed: seed, nodes: simulation.nodes, step: outcome.steps, guarantee: violation.guarantee.rawValue,
                what: violation.what)
            if shrinks {
                var shrink = Shrink(simulation, violation)
                failure.history = shrink.shortest(outcome.actions).map { "\($0.time / 1_000_000) ms: \($0.action)" }
            }
            report.failure = failure
            break
        }
        report.missing = coverage.missing
        report.counts = coverage.listing
        return report
    }
}
