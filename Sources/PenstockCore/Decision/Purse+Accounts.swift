extension Purse {
    /// What a grant has of one unit.
    package struct Account: Sendable {
        package let unit: String
        package let grant: Int32
        /// The grant's next account, or -1.
        let next: Int32
        package internal(set) var available: Int64 = 0
        /// The first end of a window that something may be spent of, by the ledger's wall clock.
        var endsAt: WallTime = .max
        /// Next slice's size to ask for: follows demand.
        var want: Int64 = 0
        /// Set when the ledger had nothing ahead of need; cleared when a call needs some.
        var refillRefused = false
        var queued = false
        /// Since the last sweep.
        var wasUsed = false
        /// What was given back was not at the ledger yet when it was asked last, or was given back since: its answer
        /// may count it as the asker's own.
        package internal(set) var hasMoreThanLedgerKnew = false
        /// The slice that is spent from, in line so that a decision finds it without another memory access.
        var current = HeldSlice.none
        /// Newer slices, and older ones that are not reported or settled yet.
        var others: [HeldSlice] = []
        /// The largest amount that some call lacked since the last request.
        var need: Int64 = 0
        /// When the last slice was asked for.
        var askedAt: Instant = .min / 2
        var idleSince: Instant = .min / 2

        /// Oldest first; the setter makes the oldest with room the current one.
        package internal(set) var slices: [HeldSlice] {
            get { current.id == 0 ? others : ([current] + others).sorted { $0.id < $1.id } }
            set {
                others = newValue
                let index = others.firstIndex { $0.unspent > 0 } ?? others.indices.last
                current = index.map { others.remove(at: $0) } ?? .none
            }
        }

        /// Spent for good, and not told to the ledger: it counts it as if it could come back.
        package var unreported: Int64 { slices.reduce(0) { $0 + max(0, $1.settled - $1.reported.settled) } }

        /// Derives what depends on the slices, after these have changed.
        mutating func refresh() {
            let slices = slices
            available = slices.reduce(0) { $0 + $1.unspent }
            // Of one that is all taken, too: what calls under way do not need comes back to it.
            endsAt = slices.reduce(.max) { $1.isOver ? $0 : min($0, $1.endsAt) }
        }
    }
}

/// Accounts that come with a grant's first slice, and go with the grant.
extension Purse {
    package mutating func open(grant: Int, unit: String) -> Int32 {
        let found = find(grant: grant, unit: unit)
        if found >= 0 { return found }
        while heads.count <= grant { heads.append(-1) }
        let account = Account(unit: unit, grant: Int32(grant), next: heads[grant])
        let index = free.popLast() ?? Int32(accounts.count)
        if Int(index) == accounts.count {
            accounts.growInHugePages()
            accounts.append(account)
            queue.reserveCapacity(accounts.count * 2)
        } else {
            accounts[Int(index)] = account
        }
        heads[grant] = index
        return index
    }

    /// The grant's index goes to another one, and so do its accounts. What they still had is told to the ledger.
    package mutating func forget(grant: Int) -> [Int32] {
        let forgotten = accounts(ofGrant: grant)
        for index in forgotten {
            accounts[Int(index)].slices.removeAll { $0.isDone }
            close(account: index)
            exhausted[index] = nil
            accounts[Int(index)] = Account(unit: "", grant: Int32(grant), next: -1)
        }
        free += forgotten
        if grant < heads.count { heads[grant] = -1 }
        requests[Int32(grant)] = nil
        return forgotten
    }

    /// A grant's accounts.
    package func accounts(ofGrant grant: Int) -> [Int32] {
        guard grant >= 0, grant < heads.count else { return [] }
        return Array(sequence(first: heads[grant]) { accounts[Int($0)].next }.prefix { $0 >= 0 })
    }
}
