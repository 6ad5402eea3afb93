internal import PenstockCore

/// Knows what no node knows: true time, and what was truly admitted and spent. Holds the design's guarantees against
/// it.
///
/// What a restriction covers, and which budgets a call draws on, it works out by itself, not by the code it checks.
struct Checker {
    /// The largest bounds that were ever in force: what was given under them may still be live.
    private(set) var settings: Settings
    /// As the log has had it, from which position on.
    var tolerances: [(position: Position, value: DebtTolerance)] = []
    var tolerance: DebtTolerance { tolerances.last?.value ?? .none }
    var grants: [GrantFacts] = []
    /// Restrictions that stand, by event id.
    private(set) var standing: [Digest: StandingFacts] = [:]
    /// Admitted, at its maximum until it is known to be less.
    var spent: [Place: Int64] = [:]
    /// Admitted at its maximum, whatever became of it.
    var admitted: [BudgetKey: Int64] = [:]
    var acknowledged: [(position: Position, id: Digest)] = []
    private var remembered:
        (
            standing: [Digest: StandingFacts], acknowledged: Int, budgets: [String: BudgetFacts],
            rates: [(rate: NamedRate, position: Position)],
            openDebts: [BudgetKey: Set<Position>], frozen: [Int: [Position: Position]],
            tolerances: [(position: Position, value: DebtTolerance)]
        )?
    var budgets: [String: BudgetFacts] = [:]
    /// Raised ceilings of grants' own budgets.
    var ceilings: [BudgetKey: Int64] = [:]
    /// Real cost above holds that the log does not have yet, and whose it is; and all that the log has.
    var overruns: [Overrun: String] = [:]
    var recorded: Set<Overrun> = []
    /// By grant: the position of each debt, and of its acceptance.
    var frozen: [Int: [Position: Position]] = [:]
    var owed: [BudgetKey: Int64] = [:]
    var openDebts: [BudgetKey: Set<Position>] = [:]
    var namedRates: [(rate: NamedRate, position: Position)] = []
    var rates: [RateKey: RateFacts] = [:]
    /// When the log was put back to an older copy last: views of before may be ahead of it for a while.
    var restoredAt: Int64 = .min / 2
    var order = TurnOrder()
    /// What the ledger's time lags behind at most, since its machine began anew with a wall clock that was behind.
    var lostTime: Int64 = 0

    init(settings: Settings) { self.settings = settings }

    struct GrantFacts {
        var grant: Grant
        var issuer: String
        var isDurable = false
        /// From this true time on, no enforcer may admit a call on it.
        var forbiddenFrom: Int64 = .max
    }

    struct StandingFacts {
        var restriction: Restriction
        var position: Position
        var durableAt: Int64
        var closedAt: Int64 = .max
    }

    mutating func reserveGrant(_ grant: Grant, issuer: String) -> Int {
        grants.append(GrantFacts(grant: grant, issuer: issuer))
        return grants.count - 1
    }

    /// Where a child left its expiry to its parent, the parent's stays the bound.
    mutating func renewed(_ index: Int, until expiry: WallTime) {
        if grants[index].grant.expiresAt != 0 {
            grants[index].grant.expiresAt = max(grants[index].grant.expiresAt, expiry)
        }
    }

    // MARK: The log

    /// An event is durable now.
    mutating func durable(_ event: Event, at position: Position, now: Int64, world: World) {
        if position > 1 { world.fail(authority(event)) }
        changed(event.kind, at: position, world: world)
        switch event.kind {
        case .grantIssued(let grant):
            guard let index = Int(grant.grantID.dropFirst()), grants.indices.contains(index) else {
                return world.fail(.authority, "nobody issued \(grant.grantID)")
            }
            world.fail(delegated(grant, index))
            grants[index].isDurable = true
            world.fail(covered(index, "grant \(grant.grantID) was issued"))
            refreshForbidden(index)
        case .grantRenewed(let id, let expiry):
            guard let index = Int(id.dropFirst()), grants.indices.contains(index) else { return }
            world.fail(covered(index, "grant \(id) was renewed"))
            world.fail(renewedWithin(index, expiry))
        case .restricted(let restriction):
            standing[event.id] = StandingFacts(restriction: restriction, position: position, durableAt: now)
            refreshForbidden()
        case .settingsChanged(let changed):
            settings.maxStalenessMS = max(settings.maxStalenessMS, changed.maxStalenessMS)
            settings.maxGraceMS = max(settings.maxGraceMS, changed.maxGraceMS)
            tolerances.append((position, changed.debtTolerance))
        case .rateCreated(let named): namedRates.append((named, position))
        case .rateChanged(let rate, _): changed(rate)
        case .rateClosed(let name, _): namedRates.removeAll { $0.rate.rate.name == name }
        case .lifted(let lifting):
            if lifting.expired { world.fail(ended(lifting, at: world.host.clock.undisturbedWall(at: now))) }
            for id in lifting.eventIDs { standing[id] = nil }
            refreshForbidden()
        default: break
        }
    }

    /// A backup was restored: what only the lost part of the log said, and no node has noted, is gone for good.
    mutating func lose(after position: Position, unless isKnown: (Position) -> Bool) {
        for (id, facts) in standing where facts.position > position && !isKnown(facts.position) { standing[id] = nil }
        budgets = budgets.filter { $0.value.position <= position }
        for name in budgets.keys { budgets[name]!.lose(after: position) }
        tolerances.removeAll { $0.position > position }
        namedRates.removeAll { $0.position > position }
        for name in budgets.keys { budgets[name]!.openDebts = budgets[name]!.openDebts.filter { $0 <= position } }
        for key in openDebts.keys { openDebts[key] = openDebts[key]!.filter { $0 <= position } }
        frozen = frozen.mapValues { $0.filter { $0.key <= position }.mapValues { $0 <= position ? $0 : .max } }
        refreshForbidden()
    }

    /// Before a backup is restored, and when the newest log is put back instead: what stands is what stood.
    mutating func remember() {
        remembered = (standing, acknowledged.count, budgets, namedRates, openDebts, frozen, tolerances)
    }

    mutating func recall() {
        guard let remembered else { return }
        (standing, budgets, namedRates, openDebts, frozen, tolerances) = (
            remembered.standing, remembered.budgets, remembered.rates, remembered.openDebts, remembered.frozen,
            remembered.tolerances
        )
        acknowledged.removeLast(acknowledged.count - remembered.acknowledged)
        refreshForbidden()
    }

    /// What was acknowledged before the restore, of what only the lost part of the log had.
    mutating func forgetAcknowledged(after position: Position) {
        let old = min(remembered?.acknowledged ?? 0, acknowledged.count)
        acknowledged = acknowledged[..<old].filter { $0.position <= position } + acknowledged[old...]
    }

    /// G3: what was acknowledged is where it was said to be.
    func logIsKept(_ log: SimLog) -> Violation? {
        for (position, id) in acknowledged where log.positions[id] != position {
            return Violation(.log, "an event acknowledged at position \(position) is not there")
        }
        return nil
    }

    /// G3: a view folds a prefix of the log that it follows.
    func view(_ process: EnforcerProcess, _ machine: Machine, log: SimLog) -> Violation? {
        guard log.root(at: process.follower.applied) != process.follower.root else { return nil }
        return Violation(
            .log, "machine \(machine.index) view something else than the log at position \(process.follower.applied)")
    }

    // MARK: G1

    /// The ledger lifts a restriction by itself: its time has passed.
    private func ended(_ lifting: Lifting, at wall: WallTime) -> Violation? {
        let early = lifting.eventIDs.compactMap { standing[$0]?.restriction.expiresAt }.max().map { $0 - wall } ?? 0
        return early > Self.clockTolerance
            ? Violation(.revocation, "a restriction was lifted \(early) ms before its time") : nil
    }

    private mutating func refreshForbidden() { for index in grants.indices { refreshForbidden(index) } }

    private mutating func refreshForbidden(_ index: Int) {
        var from = Int64.max
        for facts in standing.values {
            if facts.restriction.level.isThrottle { continue }
            if covers(facts.restriction.selector, index) { from = min(from, forbidden(by: facts)) }
        }
        grants[index].forbiddenFrom = from
    }

    /// No grant comes or is renewed while a revoke stands on it.
    private func covered(_ index: Int, _ what: String) -> Violation? {
        let revoked = standing.values.first {
            $0.restriction.level == .revoke && covers($0.restriction.selector, index)
        }
        return revoked.map { Violation(.revocation, "\(what) while the revoke of position \($0.position) covers it") }
    }

    func forbidden(by facts: StandingFacts) -> Int64 { min(facts.closedAt, facts.durableAt + settings.bound) }

    func covers(_ selector: Selector, _ index: Int) -> Bool { line(index).contains { coversItself(selector, $0) } }

    private func coversItself(_ selector: Selector, _ index: Int) -> Bool {
        let grant = grants[index].grant
        return switch selector {
        case .grant(let id), .subtree(let id): grant.grantID == id
        case .run(let id): grant.runID == id
        case .agent(let id): grant.agentID == id
        case .agentClass(let id): grant.agentClass == id
        case .principal(let id): grant.principalID == id
        case .purpose(let text): grant.purpose == text
        case .audience(let text): grant.audience == text
        case .issuer(let name): grants[index].issuer == name
        case .node: false
        case .all: true
        }
    }

    private func isWithinGrace(_ enforcement: borrowing Enforcement, _ local: Instant) -> Bool {
        let (lease, here) = (enforcement.lease, Lease.Bounds(enforcement.view.settings))
        let longest = min(lease.bounds.staleness, here.staleness) + min(lease.bounds.grace, here.grace)
        return lease.age(at: local).map { $0 < longest } ?? false
    }

    /// CLOSED: no process that lives can admit what the restriction covers.
    mutating func closed(_ barrier: Barrier, world: World) -> Violation? {
        guard barrier.state == .closed, standing[barrier.eventID] != nil else { return nil }
        standing[barrier.eventID]!.closedAt = world.now
        refreshForbidden()
        for machine in world.machines {
            guard let process = machine.process, process.enforcement.node.hasView, process.enforcement.halted == nil
            else { continue }
            let view = process.enforcement.view
            if view.position >= barrier.position || view.restrictions[barrier.position]?.eventID == barrier.eventID {
                continue
            }
            let local = machine.clock.instant(at: world.now)
            guard process.enforcement.isFresh(at: local) || isWithinGrace(process.enforcement, local) else { continue }
            return Violation(
                .revocation,
                """
                CLOSED at position \(barrier.position), but machine \(machine.index) trusts a view of position \
                \(view.position)
                """
            )
        }
        return nil
    }
}
