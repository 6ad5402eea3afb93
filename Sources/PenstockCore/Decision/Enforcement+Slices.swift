/// What goes back and forth between the shards' slices and the ledger.
extension Enforcement {
    /// Accounts of all shards.
    package var accountCount: Int { shards.indices.reduce(0) { $0 + shards[$1].purse.count } }

    /// Slices that the shards spend from, or have not reported in full yet.
    package var heldSlices: [HeldSlice] {
        shards.indices.flatMap { shard in
            (0..<shards[shard].purse.count).flatMap { shards[shard].purse.account(Int32($0)).slices }
        }
    }

    /// What a call that waits for a slice is told when the ledger refused one. Nothing is final while a call under way
    /// may still give back, or while the ledger did not know of all that was given back.
    package func reason(_ refusal: SliceAnswer.Refused, of part: Purse.Reserve.Part, in shard: Int32) -> Reason {
        let asker = shards[Int(shard)].purse.account(part.account)
        switch refusal.code {
        case .budgetExhausted, .budgetHeldElsewhere:
            // What not even all that is out would do for, calls under way included, can never pass.
            if let most = refusal.couldGet, part.amount > most - asker.unreported { return .budgetExhausted }
            if refusal.code == .budgetHeldElsewhere { return .budgetHeldElsewhere }
            let mayReturn =
                asker.hasMoreThanLedgerKnew || asker.available > part.amount - part.need
                || asker.slices.contains { $0.held > 0 }
            return mayReturn ? .budgetHeldElsewhere : .budgetExhausted
        case .budgetFrozen: return .budgetFrozen
        case .budgetClosed: return .budgetClosed
        case .revoked: return .revoked
        default: return .budgetPending
        }
    }

    /// What the ledger said of the limit, less what it does not know to be spent here.
    package func shortage(_ refusal: SliceAnswer.Refused, of part: Purse.Reserve.Part, in shard: Int32) -> Shortage {
        let asker = shards[Int(shard)].purse.account(part.account)
        return Shortage(
            .budget, refusal.budget, unit: asker.unit, couldGet: refusal.couldGet.map { max(0, $0 - asker.unreported) },
            heldHere: max(0, refusal.heldHere - asker.unreported), heldElsewhere: refusal.heldElsewhere)
    }

    /// A part of a request was refused for good. Windows open only when the ledger is asked: those that have some ask
    /// on.
    mutating func exhaust(_ lack: Follower.Lack, of reserve: Purse.Reserve, at now: Instant) {
        let unit = shards[Int(reserve.shard)].purse.account(lack.part.account).unit
        let hasWindow = node.view.levels(ofGrant: Int(reserve.grant), unit: unit).contains {
            if case .named(let name) = $0 { node.view.budget(name)?.window != BudgetWindow.none } else { false }
        }
        if !hasWindow { shards[Int(reserve.shard)].purse.exhaust(lack, of: reserve, at: now) }
    }

    /// A ceiling was set or a debt accepted, whosever it is.
    mutating func makeRoom() {
        for shard in shards.indices { shards[shard].purse.makeRoom() }
    }

    /// The next request for slices to send, of any shard, or nil.
    mutating func nextReserve(at now: Instant, requestID: () -> Incarnation) -> Purse.Reserve? {
        for shard in shards.indices {
            if let reserve = shards[shard].purse.nextReserve(at: now, requestID: requestID()) { return reserve }
        }
        return nil
    }

    /// The ledger has taken a report.
    package mutating func reported(_ uses: [AccountID: [SliceReport.Use]]) {
        for (account, uses) in uses { shards[Int(account.shard)].purse.reported(uses, of: account.number) }
    }

    /// Gives back what lies idle, and returns what the ledger has not taken a report of, up to a limit: first what was
    /// given back, then scanning some accounts from `start`, as if the shards' accounts lay one behind the other. They
    /// grow meanwhile, so that one may be met twice, and none is left out.
    package mutating func unreported(from start: Int, scan: Int, limit: Int, at now: Instant)
        -> (uses: [AccountID: [SliceReport.Use]], next: Int)
    {
        let wall = lease.clock?.windowTime(at: now, ratePPM: node.view.settings.clockRatePPM)
        var uses: [AccountID: [SliceReport.Use]] = [:]
        var (begin, left, next) = (0, limit, min(start + scan, accountCount))
        for shard in shards.indices {
            let accounts = range(start, scan, of: shard, from: begin)
            if let wall {
                _ = shards[shard].purse.sweep(from: accounts.lowerBound, scan: accounts.count, wall: wall, at: now)
            }
            let found = shards[shard].purse.unreported(
                from: accounts.lowerBound, scan: accounts.count, limit: left, owing: owingGrants(of: shard))
            for (account, list) in found.uses {
                uses[AccountID(shard: Int32(shard), number: account)] = list
                left -= list.count
            }
            // What did not fit comes first the next time.
            if found.next < accounts.upperBound { next = min(next, begin + found.next) }
            begin += shards[shard].purse.count
        }
        return (uses, next)
    }

    /// A shard's part of a scan, where its accounts lie behind `begin` others.
    private func range(_ start: Int, _ scan: Int, of shard: Int, from begin: Int) -> Range<Int> {
        let count = shards[shard].purse.count
        let first = min(max(start - begin, 0), count)
        return first..<max(first, min(start + scan - begin, count))
    }

    /// Gives back the slices of accounts whose grants are revoked, scanning some accounts from `start`, as above.
    /// Returns where the next scan begins.
    package mutating func closeRevoked(from start: Int, scan: Int) -> Int {
        guard node.hasView else { return accountCount }
        let end = min(start + scan, accountCount)
        var begin = 0
        for shard in shards.indices {
            for index in range(start, scan, of: shard, from: begin)
            where node.view.marks(onGrant: Int(shards[shard].purse.accounts[index].grant)).contains(.revoked) {
                shards[shard].purse.giveBack(account: Int32(index))
            }
            begin += shards[shard].purse.count
        }
        return end
    }

    /// Gives back what is unspent of a grant's unit, and reports what is spent: the ledger can hand out no more before.
    package mutating func recall(grantID: String, unit: String) {
        guard let grant = node.view.index(ofGrant: grantID) else { return }
        let shard = shard(ofGrant: grant)
        let account = shards[shard].purse.find(grant: grant, unit: unit)
        guard account >= 0 else { return }
        shards[shard].purse.giveBack(account: account)
        shards[shard].purse.reportAtOnce(account: account)
    }

    /// What was given up and is not at the ledger yet, the oldest first.
    package func unclosed(limit: Int) -> [SliceReport.Use] {
        Array(
            shards.indices.flatMap { shards[$0].purse.unclosed(limit: limit) }.sorted { $0.slice < $1.slice }.prefix(
                limit))
    }

    var hasUnclosed: Bool { shards.indices.contains { shards[$0].purse.hasUnclosed } }
    var hasReturns: Bool { shards.indices.contains { shards[$0].purse.hasReturns } }

    /// The ledger has taken them back.
    mutating func closed(_ uses: [SliceReport.Use]) {
        for shard in shards.indices { shards[shard].purse.closed(uses) }
    }

    /// Gives up every slice for good, as a clean stop does.
    package mutating func closeAll() {
        for shard in shards.indices {
            for account in 0..<shards[shard].purse.count { shards[shard].purse.close(account: Int32(account)) }
        }
    }
}
