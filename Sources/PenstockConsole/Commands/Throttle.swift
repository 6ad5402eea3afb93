internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockWire
internal import SwiftProtobuf

struct Throttle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throttle",
        abstract: "Throttle: leave a part of every rate, or so many calls, over all nodes together.",
        discussion: """
            --to scales every rate that a matching call falls under: a grant's own and those of 'rate create'. It \
            changes nothing for a
            grant without a rate, and is refused where no matching grant has one.
            --rate needs none: all that matches together gets N calls per DURATION, and at most N at once.
            Example: penstock throttle --principal alice --rate 10/1s --for 10m
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Percent of its rates that is left, 1 to 99.") var to: UInt32?
    @Option(help: "N/DURATION, such as 10/1s: calls over all nodes together.") var rate: String?
    @OptionGroup var barrier: BarrierOptions

    func run() throws {
        let selector = try selector.required()
        let level = try level()
        try Failure.run(mesh.output) {
            if case .scale = level { try checkRated(selector) }
            try Barriers.run(mesh, level, selector, barrier)
        }
    }
}

extension Throttle {
    /// A part of a rate that is not there is nothing: "enforced" would be a lie.
    private func checkRated(_ selector: Selector) throws {
        let client = try mesh.client(.operator)
        var query = Penstock_V1_GrantQuery.with {
            $0.states = [.grantLive, .grantSuspended]
            $0.expiresFromMs = Clocks.wall() + 1
            // A node decides on every grant.
            if selector.kind != .node { $0.coveredBy = selector.proto }
            $0.unrated = true
        }
        let unrated = try client.count(query)
        guard unrated > 0 else { return }
        query.unrated = false
        let matching = try client.count(query)
        guard unrated < matching else {
            throw NodeError(
                .configuration,
                """
                none of the \(matching) grants that match has a rate, so that --to changes nothing; say how \
                many calls are left instead, as in --rate 10/1s
                """
            )
        }
        Output.message(
            """
            penstock: \(unrated) of the \(matching) grants that match have no rate, and --to changes nothing \
            for them; --rate 10/1s would
            """
        )
    }

    private func level() throws -> Restriction.Level {
        if let to, rate == nil {
            guard (1...99).contains(to) else {
                throw ValidationError("--to is 1 to 99 percent; 'penstock suspend' leaves nothing")
            }
            return .scale(percent: to)
        }
        guard to == nil, let parts = rate?.split(separator: "/").map(String.init) else {
            throw ValidationError("name one of --to and --rate")
        }
        guard parts.count == 2, let calls = UInt32(parts[0]), calls > 0, let window = DurationText(argument: parts[1])
        else { throw ValidationError("--rate is N/DURATION, such as 10/1s") }
        try window.check("--rate's DURATION", in: 1...86_400_000)
        return .throttle(calls: calls, windowMS: UInt32(clamping: window.milliseconds))
    }
}
