internal import CPrefetch

/// The slices that one incarnation holds, by grant and unit. Spending is a subtraction here and nothing else:
/// what is not in a slice cannot be spent, so no crash or partition can exceed a ceiling.
package struct Purse: Sendable {
    package struct HeldSlice: Sendable, Equatable {
        package var id: Position
        package var amount: Int64
        /// Taken from it: spent, and held at its maximum.
        package var used: Int64
        /// The part of `used` whose calls are still under way.
        package var held: Int64
        package var reported: Int64
        /// What is spent for good. It never falls, so it is what reports carry.
        package var settled: Int64 { used - held }
    }

    package struct Account: Sendable {
        package let unit: String
        package let grant: Int32
        /// The grant's next account, or -1.
        fileprivate let next: Int32
        package fileprivate(set) var available: Int64 = 0
        /// The slice that is spent from, in line so that a decision finds it without another memory access.
        fileprivate var current = HeldSlice(id: 0, amount: 0, used: 0, held: 0, reported: 0)
        /// Newer slices, and older ones that are not reported or settled yet.
        fileprivate var others: [HeldSlice] = []
        /// The largest amount that some call lacked since the last request.
        fileprivate var need: Int64 = 0
        /// Next slice's size to ask for: doubles with demand.
        fileprivate var want: Int64 = 0
        /// Set when the ledger had nothing ahead of need; cleared when a call needs some.
        fileprivate var refillRefused = false
        /// Slices that were given up were not at the ledger yet when it was asked last, or were given up since: its answer
        /// may count them as the asker's own.
        package fileprivate(set) var hasMoreThanLedgerKnew = false
        fileprivate var queued = false

        /// Oldest first; the setter makes the oldest with room the current one.
        package fileprivate(set) var slices: [HeldSlice] {
            get { current.id == 0 ? others : ([current] + others).sorted { $0.id < $1.id } }
            set {
                others = newValue
                let index = others.firstIndex { $0.used < $0.amount } ?? others.indices.last
                current = index.map { others.remove(at: $0) } ?? HeldSlice(id: 0, amount: 0, used: 0, held: 0, reported: 0)
            }
        }
    }

    /// A request for a slice; `requestID` makes it idempotent.
    package struct Reserve: Sendable, Equatable {
        package var account: Int32
        package var need: Int64
        package var want: Int64
        package var requestID: Incarnation
    }

    private var accounts = ContiguousArray<Account>()
    /// First account of each grant, by the grant's index in the view; -1 for none.
    private var heads = ContiguousArray<Int32>()
    /// Accounts that want a slice, oldest first. Its room grows with the accounts, never on a decision.
    private var queue: [Int32] = []
    /// Where the queue begins: what lies before has been asked for, and is cut off when it is half of all.
    private var queueStart = 0
    /// What the request under way asked for, by account.
    private var requests: [Int32: Reserve] = [:]
    /// Slices that were given up, and how much of each was used: told to the ledger until it has them.
    private var closing: [Position: Int64] = [:]

    package init() {}

    package var count: Int { accounts.count }
    package func account(_ index: Int32) -> Account { accounts[Int(index)] }

    /// Asks for the memory that tells a grant's first account.
    @inline(__always)
    func prefetch(grant: Int) {
        guard grant >= 0, grant < heads.count else { return }
        heads.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + grant) }
    }

    /// Asks for the memory of a grant's first account.
    @inline(__always)
    func prefetchAccount(grant: Int) {
        guard grant < heads.count, heads[grant] >= 0 else { return }
        accounts.withUnsafeBufferPointer { penstock_prefetch($0.baseAddress! + Int(heads[grant])) }
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

    package mutating func open(grant: Int, unit: String) -> Int32 {
        let found = find(grant: grant, unit: unit)
        if found >= 0 { return found }
        while heads.count <= grant { heads.append(-1) }
        let index = Int32(accounts.count)
        accounts.growInHugePages()
        accounts.append(Account(unit: unit, grant: Int32(grant), next: heads[grant]))
        heads[grant] = index
        queue.reserveCapacity(accounts.count * 2)
        return index
    }

    @inline(__always)
    package func available(_ index: Int32) -> Int64 { accounts[Int(index)].available }

    /// Takes from the oldest slices first. The caller has seen that `available` suffices.
    /// At half of the last slice it asks for the next, so that the hot path does not wait.
    @inline(__always)
    package mutating func take(_ amount: Int64, from index: Int32, holds: Bool, into debits: inout [Debit]) {
        let account = Int(index)
        precondition(accounts[account].available >= amount, "took more than the slices hold")
        accounts[account].available -= amount
        if accounts[account].current.amount - accounts[account].current.used >= amount {
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
        for index in slices.indices where left > 0 && slices[index].used < slices[index].amount {
            let part = min(slices[index].amount - slices[index].used, left)
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
        var slices = accounts[account].slices
        guard let slice = slices.firstIndex(where: { $0.id == debit.slice }) else { return }
        let back = debit.amount - spent
        slices[slice].used -= back
        accounts[account].available += back
        if wasHeld { slices[slice].held -= debit.amount }
        precondition(slices[slice].held >= 0 && slices[slice].used >= 0, "resolved twice")
        accounts[account].slices = slices
    }

    /// A call lacks `shortfall`: the next request must bring at least that.
    package mutating func lack(_ shortfall: Int64, _ index: Int32) {
        let account = Int(index)
        accounts[account].need = max(accounts[account].need, shortfall)
        accounts[account].refillRefused = false
        enqueue(index)
    }

    @inline(__always)
    private mutating func enqueue(_ index: Int32) {
        guard !accounts[Int(index)].queued, requests[index] == nil else { return }
        accounts[Int(index)].queued = true
        queue.append(index)
    }

    package var wantsReserve: Bool { queueStart < queue.count }

    /// The next request to send, or nil. `requestID` must be fresh.
    package mutating func nextReserve(requestID: @autoclosure () -> Incarnation) -> Reserve? {
        guard wantsReserve else { return nil }
        let index = queue[queueStart]
        queueStart += 1
        if queueStart * 2 >= queue.count {
            queue.removeFirst(queueStart)
            queueStart = 0
        }
        let account = Int(index)
        accounts[account].queued = false
        let need = accounts[account].need
        let last = accounts[account].want
        let want = min(max(need * 8, last * 2, 1), Limits.amount)
        let reserve = Reserve(account: index, need: need, want: want, requestID: requestID())
        requests[index] = reserve
        accounts[account].need = 0
        accounts[account].hasMoreThanLedgerKnew = hasUnclosed
        return reserve
    }

    /// A slice came. Returns whether it was awaited; the same grant twice changes nothing.
    package mutating func granted(_ slice: Position, amount: Int64, account index: Int32) -> Bool {
        let account = Int(index)
        guard requests[index] != nil, !accounts[account].slices.contains(where: { $0.id == slice }) else { return false }
        requests[index] = nil
        accounts[account].want = amount
        accounts[account].slices = accounts[account].slices.filter { $0.settled < $0.amount || $0.reported < $0.amount }
            + [HeldSlice(id: slice, amount: amount, used: 0, held: 0, reported: 0)]
        accounts[account].available += amount
        if accounts[account].need > 0 { enqueue(index) }
        return true
    }

    /// The ledger has nothing, or the request is void.
    package mutating func refused(account index: Int32) {
        let account = Int(index)
        if requests[index]?.need == 0 { accounts[account].refillRefused = true }
        requests[index] = nil
        if accounts[account].need > 0 { enqueue(index) }
    }

    /// Slices whose use grew since the ledger last took a report of it, up to a limit, scanning from `start`.
    package func unreported(from start: Int, scan: Int, limit: Int) -> (uses: [Int32: [SliceReport.Use]], next: Int) {
        var uses: [Int32: [SliceReport.Use]] = [:]
        var count = 0
        var index = start
        while index < min(start + scan, accounts.count), count < limit {
            if accounts[index].current.settled != accounts[index].current.reported || !accounts[index].others.isEmpty {
                for slice in accounts[index].slices where slice.settled != slice.reported && count < limit {
                    uses[Int32(index), default: []].append(.init(slice: slice.id, used: slice.settled))
                    count += 1
                }
                // The account may have more: the next scan begins with it.
                if count == limit { break }
            }
            index += 1
        }
        return (uses, index)
    }

    /// The ledger has taken a report. Before this, a slice stays here however much of it is spent.
    package mutating func reported(_ uses: [SliceReport.Use], of account: Int32) {
        var slices = accounts[Int(account)].slices
        for use in uses {
            guard let index = slices.firstIndex(where: { $0.id == use.slice }) else { continue }
            slices[index].reported = max(slices[index].reported, use.used)
        }
        accounts[Int(account)].slices = slices
    }

    /// Gives up an account's slices. What is held counts as spent; a later settlement finds no slice and changes nothing.
    package mutating func close(account index: Int32) {
        let account = Int(index)
        for slice in accounts[account].slices { closing[slice.id] = slice.used }
        accounts[account].hasMoreThanLedgerKnew = true
        accounts[account].slices = []
        accounts[account].available = 0
        accounts[account].want = 0
        accounts[account].need = 0
    }

    /// What was given up and is not at the ledger yet, the oldest first.
    package func unclosed(limit: Int) -> [SliceReport.Use] {
        guard !closing.isEmpty else { return [] }
        return closing.sorted { $0.key < $1.key }.prefix(limit).map { .init(slice: $0.key, used: $0.value) }
    }

    package var hasUnclosed: Bool { !closing.isEmpty }

    /// The ledger has taken them back.
    package mutating func closed(_ uses: [SliceReport.Use]) {
        for use in uses { closing[use.slice] = nil }
    }
}

/// A part of one slice taken for one call.
package struct Debit: Sendable, Equatable {
    package var account: Int32
    package var slice: Position
    package var amount: Int64
}
