internal import PenstockCore
internal import Testing

/// Counts what is admitted against the guarantee. A bucket that leaks limit/period and may never stand higher than the
/// burst says the same as "in every span T, at most burst + limit × T / period", and needs no list.
struct Admissions {
    private let rate: Rate
    private var level: Int128 = 0
    private var last: Instant = 0
    private(set) var total: Int64 = 0

    init(_ rate: Rate) { self.rate = rate }

    /// Returns whether the guarantee still holds.
    mutating func add(_ amount: Int64, at now: Instant) -> Bool {
        let period = Int128(rate.periodMS) * 1_000_000
        level = max(0, level - Int128(now - last) * Int128(rate.limit)) + Int128(amount) * period
        last = now
        total += amount
        return level <= Int128(rate.burst) * period
    }
}

/// Several nodes and a ledger over messages whose fate the test decides. Time is true time; each has its own clock.
struct RateMesh {
    struct Node {
        var incarnation: Incarnation
        var buckets = RateBuckets()
        /// In parts per thousand beside true time. True times are whole microseconds, so this is exact.
        var skew: Int64 = 0
        var offset: Int64 = 0
    }

    enum Message {
        case statement(RateStatement, node: Int, Incarnation)
        case reply(RateReply, node: Int, Incarnation)

        var node: Int {
            switch self {
            case .statement(_, let node, _), .reply(_, let node, _): node
            }
        }
    }

    static let key = RateKey.named("r")
    static let term = Make.milliseconds(1000)
    var rate: Rate
    var ppm: UInt32
    var bound: Nanoseconds { RateMesh.term / 1_000_000 * (1_000_000 + Int64(ppm)) + Make.milliseconds(50) }
    var now: Instant = 0
    var nodes: [Node]
    var table: RateTable
    var ledgerSkew: Int64 = 0
    var epoch: UInt64 = 1
    var isRateOld = false
    var admissions: Admissions
    private var lastIncarnation: UInt64 = 0

    init(_ rate: Rate, nodes count: Int, ppm: UInt32 = 1000) {
        self.rate = rate
        self.ppm = ppm
        admissions = Admissions(rate)
        nodes = []
        table = RateTable(epoch: 1, startedAt: 0, bound: 0)
        for _ in 0..<count { nodes.append(fresh()) }
        startLedger()
    }

    mutating func fresh() -> Node {
        lastIncarnation += 1
        var node = Node(incarnation: Make.incarnation(lastIncarnation))
        node.buckets.clockRatePPM = ppm
        return node
    }

    mutating func startLedger() {
        table = RateTable(epoch: epoch, startedAt: ledgerClock, bound: bound)
        table.clockRatePPM = ppm
    }

    mutating func restartLedger() {
        epoch += 1
        isRateOld = true
        startLedger()
    }

    var ledgerClock: Instant { now + now / 1000 * ledgerSkew }
    func clock(_ node: Int) -> Instant { now + now / 1000 * nodes[node].skew + nodes[node].offset }

    /// Returns whether the call was admitted.
    mutating func call(_ node: Int, _ amount: Int64 = 1, percent: Int64 = 100) -> Bool {
        let time = clock(node)
        guard let slot = nodes[node].buckets.slot(RateMesh.key, rate, at: time) else { return false }
        guard nodes[node].buckets.check(slot, amount, percent: percent, at: time) == .admit else { return false }
        _ = nodes[node].buckets.take(slot, amount, percent: percent)
        let isWithin = admissions.add(amount, at: now)
        #expect(isWithin, "more than the rate at \(now)")
        return true
    }

    mutating func state(_ node: Int) -> Message {
        let time = clock(node)
        return .statement(
            nodes[node].buckets.statement(term: RateMesh.term, at: time), node: node, nodes[node].incarnation)
    }

    /// Returns what it is answered with.
    mutating func deliver(_ message: Message) -> Message? {
        switch message {
        case .statement(let statement, let node, let incarnation):
            let (rate, isNew) = (rate, !isRateOld)
            let reply = table.answer(statement, of: incarnation, at: ledgerClock) {
                $0 == RateMesh.key ? .init(rate, isOfThisProcess: isNew) : nil
            }
            #expect(table.imbalance == nil)
            return reply.map { .reply($0, node: node, incarnation) }
        case .reply(let reply, let node, let incarnation):
            let time = clock(node)
            if nodes[node].incarnation == incarnation { nodes[node].buckets.answered(reply, at: time) }
            return nil
        }
    }

    /// One echo of a node, there and back at once.
    mutating func echo(_ node: Int) {
        if let reply = deliver(state(node)) { _ = deliver(reply) }
    }

    func share(_ node: Int) -> Int64 { nodes[node].buckets.share(RateMesh.key, at: clock(node)) }

    mutating func advance(_ milliseconds: Int64) {
        now += Make.milliseconds(milliseconds)
        table.housekeep(at: ledgerClock)
    }
}
