internal import PenstockCore

extension Checker {
    /// An allow leaves a process now.
    func admitted(_ admission: Admission, now: Int64, world: World) {
        let facts = grants[admission.grant]
        if now >= facts.forbiddenFrom {
            world.fail(.revocation, "machine \(admission.machine) admitted \(facts.grant.grantID), forbidden for \((now - facts.forbiddenFrom) / 1_000_000) ms")
        }
        let name = world.machines[admission.machine].name
        for restricted in standing.values {
            if restricted.restriction.selector == .node(name), isStop(restricted.restriction), now >= forbidden(by: restricted) {
                world.fail(.revocation, "machine \(admission.machine) admitted a call, though node \(name) is restricted")
            }
        }
        world.fail(fresh(admission, now: now, world: world))
        world.fail(within(admission, now: now))
    }

    private func isStop(_ restriction: Restriction) -> Bool {
        if case .throttle = restriction.level { false } else { true }
    }

    /// G1, G5: the view that decides has everything that was durable a bound ago; for a linearizable grant, everything
    /// that was durable when the call arrived. After a restore the log itself is another.
    private func fresh(_ admission: Admission, now: Int64, world: World) -> Violation? {
        guard now > restoredAt + 2 * settings.bound else { return nil }
        let durable = world.log.durableAt
        let index = Int(admission.applied)
        if index < durable.count, durable[index] <= now - bound(of: admission.grant) {
            return Violation(.failClosed, "machine \(admission.machine) decided on position \(admission.applied), though \(index + 1) was durable \((now - durable[index]) / 1_000_000) ms before")
        }
        if admission.isLinearizable, admission.applied < admission.headAtArrival {
            return Violation(.failClosed, "a linearizable call was decided on position \(admission.applied), \(admission.headAtArrival) was durable when it came")
        }
        return nil
    }

    /// G5: a lease that counts from an echo is on a view that has everything that was durable when that echo was sent.
    func confirmed(_ process: EnforcerProcess, _ machine: Machine, now: Int64) -> Violation? {
        guard let at = process.enforcement.lease.confirmedAt, at != process.leaseSeen, now > restoredAt + 2 * settings.bound else { return nil }
        process.leaseSeen = at
        guard let (head, bounds) = process.echoes[at] else { return Violation(.failClosed, "machine \(machine.index) holds a lease from no echo of its own") }
        process.echoes = process.echoes.filter { $0.key > at }
        guard bounds.contains(process.enforcement.lease.bounds) else { return Violation(.revocation, "machine \(machine.index) holds a lease under bounds that were not in force when it asked") }
        return head <= process.follower.applied ? nil : Violation(.failClosed, "machine \(machine.index) counts a lease from when \(head) was durable, with a view of \(process.follower.applied)")
    }

    /// B of one grant, by its definition.
    private func bound(of grant: Int) -> Nanoseconds {
        var own = settings
        let line = line(grant).map { grants[$0].grant }
        for grant in line where grant.maxStalenessMS > 0 { own.maxStalenessMS = min(own.maxStalenessMS, grant.maxStalenessMS) }
        own.maxGraceMS = line.map(\.graceMS).min()!
        return own.bound
    }

    /// G4: the decision is in the journal before anybody hears of it.
    func recorded(_ sequence: UInt64, on machine: Machine) -> Violation? {
        sequence > 0 && machine.disk.holds(sequence) ? nil : Violation(.evidence, "machine \(machine.index) gave out an allow that is not recorded")
    }

    // MARK: G2

    private func levels(_ grant: Int, _ unit: String) -> [BudgetBook.Key] { grants[grant].levels[unit] ?? [] }

    /// True spend never exceeds a ceiling, nor what the ledger counts as settled or out.
    mutating func spent(_ grant: Int, _ amounts: [Amount], world: World) {
        for amount in amounts {
            for level in levels(grant, amount.unit) {
                add(amount.value, to: level)
                admitted[level, default: 0] += amount.value
                // A restored ledger that does not serve hands nothing out, and may count too little.
                guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil, let entry = ledger.state.book.entries[level] else { continue }
                if spent[level]! > entry.ceiling { world.fail(.ceiling, "\(level) has a ceiling of \(entry.ceiling), \(spent[level]!) were spent") }
                if spent[level]! > entry.settled + entry.out {
                    world.fail(.ceiling, "\(level): \(spent[level]!) were spent, the ledger counts \(entry.settled) settled and \(entry.out) out")
                }
            }
        }
    }

    /// A restored log is served though it lacks a part of the old one: what was spent from slices that only that part had,
    /// by nodes that remember nothing, is outside of what the design promises.
    mutating func forgetLostSpend(_ book: BudgetBook) {
        for (level, amount) in spent {
            if let entry = book.entries[level] { spent[level] = min(amount, entry.settled + entry.out) }
        }
    }

    private mutating func add(_ amount: Int64, to level: BudgetBook.Key) { spent[level, default: 0] += amount }

    mutating func returned(_ grant: Int, _ amounts: [Amount]) {
        for amount in amounts {
            for level in levels(grant, amount.unit) { add(-amount.value, to: level) }
        }
    }

    /// After each commit: every budget that its events touched still covers what was truly spent of it.
    func conserved(_ book: BudgetBook, _ events: [Event]) -> Violation? {
        let closes = events.contains { $0.kind.name == .sliceClosed }
        for (level, amount) in spent where closes {
            guard let entry = book.entries[level] else { continue }
            if entry.settled + entry.out + entry.unallocated != entry.ceiling || min(entry.settled, entry.out, entry.unallocated) < 0 {
                return Violation(.ceiling, "\(level) does not add up: \(entry)")
            }
            if amount > entry.settled + entry.out { return Violation(.ceiling, "\(level): \(amount) were spent, the ledger counts \(entry.settled) settled and \(entry.out) out") }
        }
        return nil
    }

    /// G2: nothing is charged that nobody may have spent, unless a journal's word was lost.
    func chargedNoMore(than book: BudgetBook) -> Violation? {
        for (level, entry) in book.entries where entry.settled > admitted[level] ?? 0 {
            return Violation(.ceiling, "\(level): \(entry.settled) are settled, at most \(admitted[level] ?? 0) were admitted")
        }
        return nil
    }

    /// G2: what a node counts as reported, and so may forget, the ledger has.
    func reportsWereTaken(_ process: EnforcerProcess, _ machine: Machine, world: World) -> Violation? {
        guard let ledger = world.host.ledger, ledger.awaited.isEmpty, ledger.halted == nil, world.now > restoredAt + 2 * settings.bound else { return nil }
        for account in 0..<process.enforcement.purse.count {
            for slice in process.enforcement.purse.account(Int32(account)).slices {
                guard let held = ledger.state.book.open[slice.id], slice.reported > held.used else { continue }
                return Violation(.ceiling, "machine \(machine.index) counts \(slice.reported) of slice \(slice.id) as reported, the ledger has \(held.used)")
            }
        }
        return nil
    }

    /// G7: what is denied for good is not there any more.
    func denied(_ reason: Reason, _ call: CallUnderWay, world: World) -> Violation? {
        guard reason == .budgetExhausted, let book = world.host.ledger?.state.book else { return nil }
        for amount in call.amounts {
            for level in levels(call.grant, amount.unit) {
                // What was truly spent is gone, even where a commit that failed took the report of it back.
                guard let entry = book.entries[level] else { continue }
                if entry.unallocated < amount.value || entry.ceiling - (spent[level] ?? 0) < amount.value { return nil }
            }
        }
        return Violation(.liveness, "a call was denied for good, though its budgets had enough left")
    }

    // MARK: G6

    /// Who may cause what, written down a second time.
    func authority(_ event: Event) -> Violation? {
        let allowed: [String]
        switch event.kind {
        case .nodeExpelled, .joinTokenMade, .settingsChanged, .restricted, .budgetCreated: allowed = ["op"]
        case .grantIssued, .grantRenewed: allowed = ["issuer"]
        case .lifted(let lifting): allowed = lifting.expired ? ["ledger"] : ["op"]
        case .nodeAdmitted, .epochOpened, .sliceReserved: allowed = ["ledger"]
        case .spendReported, .sliceClosed, .decisionBatch: return event.origin.hasPrefix("n") ? nil : Violation(.authority, "\(event.origin) reported as an enforcer")
        case .genesis: allowed = []
        }
        return allowed.contains(event.origin) ? nil : Violation(.authority, "\(event.origin) caused a \(event.kind.name.rawValue)")
    }
}
