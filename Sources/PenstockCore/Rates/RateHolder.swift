/// What the ledger knows of one incarnation's use of one rate.
struct RateHolder: Sendable {
    let id: UInt64
    /// The most it may be using: no other node gets these parts.
    var given: Int64 = 0
    /// What it is told to use. Below `given` until it has said that it follows; it is told nothing higher meanwhile, so
    /// that what it returns and what it holds never come to more than `given`.
    private(set) var offered: Int64 = 0
    /// The first answer that told it.
    private(set) var offeredIn = RateStamp.none
    private(set) var isSettled = false
    /// Totals as in the messages.
    var granted: UInt64 = 0
    private var returned: UInt64 = 0

    // Demand.
    private var asked: UInt64
    private var inWindow: UInt64 = 0
    private var windowStart: Instant
    private var flow: Int64 = 0
    /// The parts that its flow of late needs.
    private(set) var wants: Int64 = 0
    /// The parts that cover its largest amounts of late.
    private(set) var quantum: Int64 = 1
    private var largest: Int64 = 0
    private(set) var askedAt: Instant
    private(set) var isRefused = false

    // Allotment.
    var target: Int64?
    private(set) var servedSince: Instant?
    private(set) var waitingSince: Instant

    /// How long a flow is measured: shorter, and chance would move parts about.
    static let window: Nanoseconds = 200 * .nanosecondsPerMillisecond
    /// Without demand for so long, a holder loses its parts.
    static let idleTime: Nanoseconds = .nanosecondsPerSecond
    /// Where not all that want a rate can be served at once, how long a turn lasts.
    static let turn: Nanoseconds = 2 * .nanosecondsPerSecond

    init(_ line: RateStatement.Line, at now: Instant) {
        id = line.id
        asked = line.asked &- UInt64(bitPattern: line.largest)
        windowStart = now
        askedAt = now - RateHolder.idleTime
        waitingSince = now
    }

    func isActive(at now: Instant) -> Bool { now - askedAt < RateHolder.idleTime }
    func isInTurn(at now: Instant) -> Bool { wants > 0 && servedSince.map { now - $0 < RateHolder.turn } ?? false }
    var isPending: Bool { offered < given }

    mutating func note(_ line: RateStatement.Line, _ rate: Rate, at now: Instant) {
        let fresh = line.asked &- asked
        asked = line.asked
        isRefused = line.refused
        if fresh > 0 {
            askedAt = now
            largest = max(min(max(1, line.largest), rate.burst), largest - (largest + 7) / 8)
        }
        quantum = rate.parts(covering: largest)
        inWindow = min(inWindow, 1 << 60) + min(fresh, 1 << 60)
        let elapsed = now - windowStart
        wants = rate.parts(flowing: inWindow, in: max(elapsed, RateHolder.window))
        if elapsed >= RateHolder.window {
            (flow, inWindow, windowStart) = (wants, 0, now)
        } else {
            wants = max(wants, flow)
        }
    }

    mutating func offer(_ share: Int64, in stamp: RateStamp) {
        offered = share
        offeredIn = stamp
        given = max(given, share)
    }

    /// It follows this process. Until then an earlier one's answers may have changed what it holds since it stated it,
    /// so it is told nothing higher than what it stated; nor would it follow that.
    mutating func settle(_ held: Int64, in stamp: RateStamp) {
        guard !isSettled else { return }
        isSettled = true
        if held < offered { offer(held, in: stamp) }
    }

    /// It has seen the answer `seen`, and will follow none before it. Returns how many parts it gave up by that, and
    /// the grains that came with them.
    mutating func confirmed(_ seen: RateStamp, held: Int64, returned total: UInt64) -> (parts: Int64, grains: Int64) {
        guard seen >= offeredIn else { return (0, 0) }
        offered = min(offered, held)
        guard isPending else { return (0, 0) }
        defer { (returned, given) = (total, offered) }
        return (given - offered, Int64(bitPattern: total &- returned))
    }

    /// Begins or ends a turn.
    mutating func mark(at now: Instant) {
        if given >= quantum, given > 0 {
            servedSince = servedSince ?? now
        } else if servedSince != nil {
            servedSince = nil
            waitingSince = now
        }
    }
}
