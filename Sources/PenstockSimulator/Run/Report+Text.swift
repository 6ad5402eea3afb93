extension Sweep.Report {
    /// For people; one line each, and the failure last.
    package func text(took seconds: Double) -> String {
        var lines = [
            """
            \(seeds) seeds, \(steps) steps, \(Int(simulatedSeconds)) s of simulated time in \
            \(Int(seconds * 10) / 10) s: \(Int(Double(steps) / max(seconds, 0.001))) steps a second
            """
        ]
        lines.append(counts.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        if !missing.isEmpty { lines.append("never occurred: \(missing.joined(separator: ", "))") }
        if let failure {
            lines.append(
                """
                VIOLATION of \(failure.guarantee) with --seed \(failure.seed) --nodes \(failure.nodes), step \
                \(failure.step): \(failure.what)
                """
            )
            lines += failure.history.map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}
