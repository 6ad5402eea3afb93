internal import PenstockCore

/// A mesh of up to 50 enforcers in one thread: the real core between simulated clocks, networks and disks.
///
/// Everything that happens is an entry of one queue, and everything random comes from the seed: a seed and a plan
/// replay a run exactly. True time is `now`; no process sees it. A step is one entry: a delivered message, a timer, a
/// fault or a client's call.
final class World {
    let seed: UInt64
    let settings: Settings
    let nodeCount: Int
    var now: Int64 = 0
    var steps = 0
    var queue = EventQueue<Happening>()
    var network: Network
    /// For what processes draw: incarnations, nonces, the time that a commit takes.
    var inner: SimRandom
    /// For what people, agents and faults do.
    var plan: Plan
    var machines: [Machine] = []
    /// What was decided last, anywhere.
    var lastReason = Reason.none
    var host: LedgerHost
    var commands: [Command] = []
    var checker: Checker
    var coverage = Coverage()
    var violation: Violation?
    /// Faults happen, and new work comes.
    var isCalm = false
    /// The network has delivered some request for slices twice.
    var isReserveCopied = false
    private var eventNumber: UInt64 = 0

    var log: SimLog { host.log }

    init(seed: UInt64, nodes: Int, plan: Plan) {
        self.seed = seed
        self.plan = plan
        nodeCount = nodes
        inner = SimRandom(seed: SimRandom.mix(seed ^ 1))
        network = Network(seed: SimRandom.mix(seed ^ 2))
        var setup = SimRandom(seed: SimRandom.mix(seed ^ 3))
        settings = Settings(
            maxStalenessMS: UInt32(setup.pick([200, 1000, 2000])), maxGraceMS: UInt32(setup.pick([0, 0, 300])),
            clockRatePPM: 1000, marginMS: 50)
        func clock() -> SimClock {
            SimClock(
                ratePPM: setup.between(-480, 480), offset: setup.between(1, 1 << 40),
                wallErrorMS: setup.between(-5000, 5000))
        }
        host = LedgerHost(clock: clock())
        // Expiry is by the ledger's time, which is what its wall clock would show if nobody had set it wrong.
        host.clock.wallErrorMS = 0
        checker = Checker(settings: settings)
        for index in 0..<nodes {
            // The last machine runs a second process under the first one's name.
            let name = index == nodes - 1 && nodes > 2 ? "n0" : "n\(index)"
            machines.append(Machine(index: index, keys: Names.keys(name, .enforcer), clock: clock()))
        }
        found()
    }

    private func found() {
        let people = [
            Names.keys("ledger", .ledger), Names.keys("op", .operator), Names.keys("issuer", .issuer),
            Names.keys("auditor", .auditor),
        ]
        let names = Set(machines.map(\.name)).sorted()
        append([event(.genesis(people + names.map { Names.keys($0, .enforcer) }, settings), by: "ledger")])
        queue.add(.startLedger(restored: false), at: 0)
        for machine in machines where machine.index != nodeCount - 1 || nodeCount <= 2 {
            queue.add(.start(machine: machine.index), at: 1_000_000)
        }
        scheduleClients()
    }

    /// - Parameter time: of the ledger's own events.
    func event(_ kind: EventKind, by origin: String, mesh: String = "mesh", at time: WallTime? = nil) -> Event {
        eventNumber += 1
        let id = Digest(words: (SimRandom.mix(eventNumber &+ seed), eventNumber, seed, 9))
        return Event(id: id, mesh: mesh, origin: origin, createdAt: time ?? SimClock.trueWall(at: now), kind: kind)
    }

    /// Makes events durable, and tells the checker.
    func append(_ events: [Event]) {
        for event in events {
            host.log.append(event, at: now)
            checker.durable(event, at: log.head, now: now, world: self)
            if case .forgotten(let what) = event.kind { fail(checker.forgotten(what, at: log.head, world: self)) }
        }
    }

    func fail(_ guarantee: Guarantee, _ what: String) {
        if violation == nil { violation = Violation(guarantee, what) }
    }

    func fail(_ found: Violation?) {
        if violation == nil { violation = found }
    }

    /// Runs until there is a violation, nothing left to happen, or the time or the number of steps is reached.
    func run(steps limit: Int, until time: Int64 = .max) {
        while violation == nil, steps < limit, let next = queue.next() {
            guard next.time <= time else {
                queue.add(next.what, at: next.time)
                now = time
                return
            }
            now = max(now, next.time)
            steps += 1
            happen(next.what)
        }
    }

    private func happen(_ what: Happening) {
        switch what {
        case .atLedger, .ledgerTurn, .committed, .ledgerTimer, .startLedger: atLedger(what)
        case .reply(let machine, _, _, _, _), .logPage(let machine, _, _, _, _, _), .urgent(let machine, _, _, _),
            .tick(let machine, _),
            .endHold(let machine, _, _, _):
            atMachine(machines[machine], what)
        case .call(let call): atMachine(machines[call.machine], what)
        case .leaves(let admission): checker.admitted(admission, now: now, world: self)
        case .start(let machine): start(machines[machine])
        case .answered(let command, let reply): answered(command, reply)
        case .retry(let command): submit(command)
        case .wake(let machine): wake(machines[machine])
        case .wakeLedger: wakeLedger()
        case .heal(let link, let kind): heal(link, kind)
        case .healDisk(let machine): repair(machines[machine])
        case .healLedgerClock: healLedgerClock()
        case .healLedgerDisk: healLedgerDisk()
        case .endSecondProcess: if nodeCount > 2, !isCalm { kill(machines[nodeCount - 1]) }
        case .replaceJournal(let machine): replaceJournal(machines[machine])
        case .judgeRestore(let count): judgeRestore(count)
        case .act(let index): if !isCalm { carryOut(plan.replayed![index].action) }
        case .workload: work()
        case .faults: injectFault()
        }
    }
}
