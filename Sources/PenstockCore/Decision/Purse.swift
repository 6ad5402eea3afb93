internal import CPrefetch

/// The slices that one shard holds, by grant and unit. Spending is a subtraction here and nothing else:
/// what is not in a slice cannot be spent, so no crash or partition can exceed a ceiling.
package struct Purse: Sendable {
    var accounts = ContiguousArray<Account>()
    /// First account of each grant, by the grant's index in the view; -1 for none.
    var heads = ContiguousArray<Int32>()
    /// Accounts of forgotten grants, for others.
    var free: [Int32] = []
    /// Accounts that want a slice, oldest first. Its room grows with the accounts, never on a decision.
    var queue: [Int32] = []
    /// Where the queue begins: what lies before has been asked for, and is cut off when it is half of all.
    var queueStart = 0
    /// The request under way, by grant.
    var requests: [Int32: Reserve] = [:]
    /// What the ledger has refused for good, by account, and until when that is not asked for again.
    var exhausted: [Int32: (part: Reserve.Part, until: Instant, reason: Reason, shortage: ShortageBox)] = [:]
    /// Grows whenever something makes room in budgets: a refusal of before says nothing any more.
    var roomVersion: UInt64 = 0
    /// Accounts of which the ledger is to be told at once: they gave something back, or were asked to.
    var returning: Set<Int32> = []
    /// Slices that were given up for good, and how much of each was used: told to the ledger until it has them.
    var closing: [Position: Int64] = [:]

    /// Of the shard whose accounts these are.
    let shard: Int32

    package init(shard: Int32 = 0) { self.shard = shard }

    package var count: Int { accounts.count }
    package func account(_ index: Int32) -> Account { accounts[Int(index)] }

    /// Asks for the memory that tells a grant's first account.
    @inline(__always)
    func prefetch(grant: Int) {
        guard grant >= 0, grant < heads.count else { return }
        heads.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + grant) }
    }

    /// Asks for the memory of a grant's newest accounts, which as a rule lie side by side: as far as a decision reads
    /// it.
    @inline(__always)
    func prefetchAccounts(grant: Int, count: Int) {
        guard grant < heads.count, heads[grant] >= 0 else { return }
        accounts.withUnsafeBufferPointer { accounts in
            for index in max(0, Int(heads[grant]) - count + 1)...Int(heads[grant]) {
                let account = UnsafeRawPointer(accounts.baseAddress! + index)
                penstock_prefetch(account)
                penstock_prefetch(account + 64)
                penstock_prefetch(account + 96)
            }
        }
    }

    /// The account of a grant's unit, or -1.
    @inline(__always)
    package func find(grant: Int, unit: String) -> Int32 {
        guard grant < heads.count else { return -1 }
        var index = heads[grant]
        while index >= 0 {
            if accounts[Int(index)].unit == unit { return index }
            index = accounts[Int(index)].next
        }
        return -1
    }

    @inline(__always)
    package func available(_ index: Int32) -> Int64 { accounts[Int(index)].available }

    /// What may be taken now; what is of a window that has ended goes back first.
    @inline(__always)
    mutating func available(_ index: Int32, wall: WallTime) -> Int64 {
        if accounts[Int(index)].endsAt <= wall { giveBack(account: index) { $0.endsAt <= wall } }
        return accounts[Int(index)].available
    }

    /// Takes from the oldest slices first. The caller has seen that `available` suffices.
    /// At half of the last slice it asks for the next, so that the hot path does not wait.
    @inline(__always)
    package mutating func take(_ amount: Int64, from index: Int32, holds: Bool, into debits: inout [Debit]) {
        let account = Int(index)
        precondition(accounts[account].available >= amount, "took more than the slices hold")
        accounts[account].available -= amount
        accounts[account].wasUsed = true
        if accounts[account].current.unspent >= amount {
            accounts[account].current.used += amount
            if holds { accounts[account].current.held += amount }
            debits.append(Debit(account: index, slice: accounts[account].current.id, amount: amount))
        } else {
            span(amount, account, holds, &debits)
        }
        if accounts[account].available * 2 < accounts[account].want, !accounts[account].refillRefused { enqueue(index) }
    }

    /// Takes from several slices, the oldest first.
    private mutating func span(_ amount: Int64, _ account: Int, _ holds: Bool, _ debits: inout [Debit]) {
        var slices = accounts[account].slices
        var left = amount
        for index in slices.indices where left > 0 && slices[index].unspent > 0 {
            let part = min(slices[index].unspent, left)
            slices[index].used += part
            if holds { slices[index].held += part }
            debits.append(Debit(account: Int32(account), slice: slices[index].id, amount: part))
            left -= part
        }
        accounts[account].slices = slices
    }

    /// Ends a debit: `spent` of it stays spent, the rest goes back to its slice. A slice that was closed meanwhile
    /// took all of it as spent, and nothing changes.
    package mutating func resolve(_ debit: Debit, spent: Int64, wasHeld: Bool) {
        let account = Int(debit.account)
        let back = debit.amount - spent
        if accounts[account].current.id == debit.slice, !accounts[account].current.isOver {
            accounts[account].current.used -= back
            if wasHeld { accounts[account].current.held -= debit.amount }
            accounts[account].available += back
            return
        }
        var slices = accounts[account].slices
        guard let index = slices.firstIndex(where: { $0.id == debit.slice }) else { return }
        slices[index].used -= back
        if wasHeld { slices[index].held -= debit.amount }
        precondition(slices[index].held >= 0 && slices[index].used >= 0, "resolved twice")
        if slices[index].isOver, back > 0 {
            slices[index].giveBack()
            returning.insert(debit.account)
            accounts[account].hasMoreThanLedgerKnew = true
        }
        accounts[account].slices = slices
        accounts[account].refresh()
    }

    @inline(__always)
    mutating func enqueue(_ index: Int32) {
        guard !accounts[Int(index)].queued, requests[accounts[Int(index)].grant] == nil else { return }
        accounts[Int(index)].queued = true
        queue.append(index)
    }
}
