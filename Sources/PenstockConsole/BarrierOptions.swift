internal import ArgumentParser

/// Why a restriction is made, how long it stands, and how long its command waits for the nodes.
struct BarrierOptions: ParsableArguments {
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node.") var timeout = DurationText(milliseconds: 10_000)

    func validate() throws {
        try timeout.check("--timeout", in: DurationText.waits)
        try duration?.check("--for", in: 1...Int64.max)
        _ = try duration?.fromNow("--for")
    }
}
