internal import PenstockCore

/// How one direction between a machine and the ledger behaves just now.
struct LinkState {
    var isCut = false
    /// Nothing arrives before this; it queues up meanwhile.
    var cloggedUntil: Int64 = 0
    /// Per mille.
    var loss = 0
    var duplication = 0
    /// Publications that the high-water mark drops, per mille.
    var highWaterLoss = 0
    var delay: Int64 = 200_000
    var jitter: Int64 = 300_000
}

/// When a message arrives, if it does: none, one or two times. Messages may overtake one another.
struct Network {
    var links: [Link: LinkState] = [:]
    private var random: SimRandom

    init(seed: UInt64) { random = SimRandom(seed: seed) }

    mutating func arrivals(over link: Link, sentAt now: Int64, isPublication: Bool, coverage: inout Coverage) -> [Int64]
    {
        let state = links[link] ?? LinkState()
        if state.isCut {
            coverage.note(.cutMessage)
            return []
        }
        if state.loss > 0, random.chance(state.loss) {
            coverage.note(.lostMessage)
            return []
        }
        if isPublication, state.highWaterLoss > 0, random.chance(state.highWaterLoss) {
            coverage.note(.highWaterDrop)
            return []
        }
        func arrival() -> Int64 { max(now + state.delay + random.between(0, state.jitter), state.cloggedUntil) }
        guard state.duplication > 0, random.chance(state.duplication) else { return [arrival()] }
        coverage.note(.duplicate)
        return [arrival(), arrival() + random.between(0, 3_000_000_000)]
    }
}
