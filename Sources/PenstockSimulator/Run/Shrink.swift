/// Finds a shorter history that breaks the same guarantee: leaves out parts of it, large ones first, for as long as it
/// still fails (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
struct Shrink {
    let simulation: Simulation
    let violation: Violation
    private(set) var runs = 0
    private static let mostRuns = 400

    init(_ simulation: Simulation, _ violation: Violation) {
        self.simulation = simulation
        self.violation = violation
    }

    mutating func shortest(_ actions: [(time: Int64, action: Action)]) -> [(time: Int64, action: Action)] {
        guard fails(actions) else { return actions }
        var actions = actions
        var size = max(1, actions.count / 2)
        while size >= 1, runs < Self.mostRuns {
            var start = 0
            var isShorter = false
            while start < actions.count, runs < Self.mostRuns {
                var fewer = actions
                fewer.removeSubrange(start..<min(start + size, actions.count))
                if fails(fewer) {
                    actions = fewer
                    isShorter = true
                } else {
                    start += size
                }
            }
            if size == 1, !isShorter { break }
            size = isShorter && size == 1 ? 1 : size / 2
        }
        return actions
    }

    private mutating func fails(_ actions: [(time: Int64, action: Action)]) -> Bool {
        runs += 1
        return simulation.run(Plan(replaying: actions)).violation?.guarantee == violation.guarantee
    }
}
