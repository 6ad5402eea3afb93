internal import PenstockCore

/// Who is held to a rate.
extension World {
    /// Of a grant, drawn apart from the rest of it, so that it can be told from its seed.
    static func rates(_ seed: UInt64) -> [Rate] {
        var draw = SimRandom(seed: seed ^ 0x7261_7465_6421_2121)
        return draw.pick([
            [], [], [], [Rate(unit: "calls", limit: 3, periodMS: 500)],
            [Rate(unit: "usd", limit: 200, periodMS: 1000, burst: 50)],
            [Rate(unit: "calls", limit: 20, periodMS: 2000, burst: 4), Rate(unit: "usd", limit: 1000, periodMS: 5000)],
        ])
    }

    /// One that covers some grants.
    func createRate(_ seed: UInt64) {
        var draw = SimRandom(seed: seed)
        let rate = Rate(
            name: "q\(commands.count)", unit: draw.pick(["calls", "usd"]), limit: draw.pick([5, 40]),
            periodMS: draw.pick([500, 3000]), burst: draw.pick([nil, 8]))
        command(
            .rateCreated(
                NamedRate(
                    rate,
                    for: draw.pick([
                        .agent("a\(draw.below(6))"), .principal("p\(draw.below(4))"), .run("r\(draw.below(12))"),
                    ]))), by: "op")
    }
}
