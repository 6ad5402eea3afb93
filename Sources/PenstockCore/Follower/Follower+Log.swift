/// Following the log: its pages, its gaps, and what comes ahead of it on the urgent lane.
extension Follower {
    /// Denies everything from here on.
    package mutating func halt(_ why: String, _ enforcement: inout Enforcement) {
        enforcement.halt(why)
        guard phase != .halted else { return }
        phase = .halted
        pending.wakesAll = true
        pending.after.append(.report(.halted(enforcement.halted ?? why)))
    }

    /// Whether a restriction of this position takes away anything that is not taken away yet, as far as is known before
    /// its signature is verified.
    package func wants(urgent position: Position) -> Bool { phase == .live && position > applied }

    /// Takes authority away at once, ahead of the log, and says so. The event's signature has been verified.
    mutating func applyAhead(_ event: Event, at position: Position, _ enforcement: inout Enforcement) {
        guard case .restricted = event.kind else { return }
        guard phase == .live, position > applied, enforcement.applyAhead(event, at: position) else { return }
        heard = max(heard, position)
        revokedScan = 0
        pending.urgent.append(position)
        pending.restrict(enforcement.cancelRestricted())
        yieldsTurn = true
    }

    /// Whether the page that begins here can be folded; a later one leaves a gap, to be fetched.
    package mutating func admits(first: Position, count: Int, at now: Instant) -> Bool {
        guard phase == .live else { return false }
        guard first <= applied + 1 else {
            aim(at: first + Position(count) - 1, at: now)
            return false
        }
        return true
    }

    /// Whether the event of this position is the next one to be folded.
    package func continues(at position: Position) -> Bool { phase == .live && position == applied + 1 }

    /// Folds the next event, whose signature has been verified. A restriction is acknowledged behind its page.
    mutating func apply(
        _ event: Event, at position: Position, root: Digest, _ enforcement: inout Enforcement, _ now: Instant
    ) {
        guard continues(at: position) else { return }
        do {
            try enforcement.apply(event, at: position)
        } catch {
            return halt("log position \(position) cannot be followed: \(error.problem)", &enforcement)
        }
        applied = position
        heard = max(heard, position)
        self.root = root
        roots.add(root, at: position)
        pending.news.formUnion([.view, .debts])
        switch event.kind {
        case .restricted:
            revokedScan = 0
            pending.restrict(enforcement.cancelRestricted())
            checkpoints.restricted(at: position, now)
        case .debtRecorded(let debt):
            inheritedDebts?.removeAll { $0 == debt }
            for debt in inheritedDebts ?? [] { enforcement.freeze(for: debt) }
            giveBack(debt, &enforcement)
        case .debtsAccepted, .debtSettled: for debt in inheritedDebts ?? [] { enforcement.freeze(for: debt) }
        case .budgetWarned(let name, let percent, _):
            enforcement.warnings[.init(budget: name, percent: percent), default: 0] += 1
        case .nodeExpelled(enforcement.node.name, _):
            halt("this node was expelled at position \(position)", &enforcement)
        default: break
        }
    }

    /// A grant that owes spends nothing more: what it holds here is of use elsewhere. What others hold of the budgets
    /// that the debt exceeds, the ledger calls back.
    private func giveBack(_ debt: Debt, _ enforcement: inout Enforcement) {
        guard let grant = enforcement.view.index(ofGrant: debt.grantID),
            enforcement.view.marks(onGrant: grant).contains(.frozen)
        else { return }
        let shard = enforcement.shard(ofGrant: grant)
        for account in enforcement.shards[shard].purse.accounts(ofGrant: grant) {
            enforcement.shards[shard].purse.giveBack(account: account)
        }
    }

    /// The ledger's log reaches at least this position.
    package mutating func aim(at position: Position, at now: Instant) {
        guard position > target else { return }
        if target <= applied { behindSince = now }
        target = position
        heard = max(heard, position)
    }

    /// A page that was fetched may have more behind it.
    package mutating func fetched(head: Position, at now: Instant) {
        aim(at: head, at: now)
        if target > applied { behindSince = .min }
    }
}
