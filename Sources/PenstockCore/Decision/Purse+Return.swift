/// What goes back to the ledger: reports of what was spent, and what is not needed here.
extension Purse {
    /// Gives back what is unspent of the slices that are meant. Calls under way keep what they hold.
    package mutating func giveBack(account index: Int32, where isMeant: (HeldSlice) -> Bool = { _ in true }) {
        let account = Int(index)
        var slices = accounts[account].slices
        var isChanged = false
        for index in slices.indices where !slices[index].isOver && isMeant(slices[index]) {
            slices[index].giveBack()
            isChanged = true
        }
        guard isChanged else { return }
        accounts[account].slices = slices
        accounts[account].refresh()
        accounts[account].hasMoreThanLedgerKnew = true
        accounts[account].refillRefused = false
        // What comes next starts small again.
        accounts[account].want = 0
        exhausted[Int32(account)] = nil
        returning.insert(index)
    }

    /// Has what was spent and given back reported at once.
    mutating func reportAtOnce(account index: Int32) {
        if accounts[Int(index)].slices.contains(where: \.isToReport) { returning.insert(index) }
    }

    /// Gives back what lies idle, or is of a window that has ended, scanning some accounts from `start`. Returns where
    /// the next scan begins.
    package mutating func sweep(from start: Int, scan: Int, wall: WallTime, at now: Instant) -> Int {
        let end = min(start + scan, accounts.count)
        for index in start..<max(start, end) {
            if accounts[index].endsAt <= wall { giveBack(account: Int32(index)) { $0.endsAt <= wall } }
            if accounts[index].wasUsed {
                accounts[index].wasUsed = false
                accounts[index].idleSince = now
            } else if accounts[index].available > 0, accounts[index].need == 0,
                now - accounts[index].idleSince > Self.idleTime
            {
                giveBack(account: Int32(index))
            }
        }
        return end
    }

    /// What the ledger has not taken a report of, up to a limit: first what was given back, then scanning from `start`.
    ///
    /// - Parameter owing: grants whose debts the ledger has not recorded. Their slices stay open until it has, so that
    ///   it does not forget who owes.
    package func unreported(from start: Int, scan: Int, limit: Int, owing: Set<Int32> = []) -> (
        uses: [Int32: [SliceReport.Use]], next: Int
    ) {
        var uses: [Int32: [SliceReport.Use]] = [:]
        var count = 0
        func add(_ index: Int) -> Bool {
            guard accounts[index].current.isToReport || !accounts[index].others.isEmpty, uses[Int32(index)] == nil,
                owing.isEmpty || !owing.contains(accounts[index].grant)
            else {
                return true
            }
            for slice in accounts[index].slices where slice.isToReport {
                guard count < limit else { return false }
                uses[Int32(index), default: []].append(slice.use)
                count += 1
            }
            return true
        }
        for index in returning.sorted() where !add(Int(index)) { return (uses, start) }
        var index = start
        // An account that did not fit has more: the next scan begins with it.
        while index < min(start + scan, accounts.count), add(index) { index += 1 }
        return (uses, index)
    }

    /// The ledger has taken a report. Before this, a slice stays here however much of it is spent.
    package mutating func reported(_ uses: [SliceReport.Use], of account: Int32) {
        var slices = accounts[Int(account)].slices
        for use in uses {
            guard let index = slices.firstIndex(where: { $0.id == use.slice }) else { continue }
            slices[index].reported.settled = max(slices[index].reported.settled, use.used)
            slices[index].reported.returned = max(slices[index].reported.returned, use.returned)
            slices[index].reported.held = use.held
        }
        slices.removeAll { $0.isOver && $0.isDone }
        if !slices.contains(where: { $0.returned != $0.reported.returned }) { returning.remove(account) }
        accounts[Int(account)].slices = slices
    }

    /// Gives up an account's slices for good, as a stop does. What is held counts as spent; a later settlement finds no
    /// slice and changes nothing.
    package mutating func close(account index: Int32) {
        let account = Int(index)
        for slice in accounts[account].slices { closing[slice.id] = slice.used }
        accounts[account].hasMoreThanLedgerKnew = true
        accounts[account].slices = []
        accounts[account].refresh()
        (accounts[account].want, accounts[account].need) = (0, 0)
        returning.remove(index)
    }

    /// What was given up and is not at the ledger yet, the oldest first.
    package func unclosed(limit: Int) -> [SliceReport.Use] {
        guard !closing.isEmpty else { return [] }
        return closing.sorted { $0.key < $1.key }.prefix(limit).map { .init(slice: $0.key, used: $0.value) }
    }

    package var hasUnclosed: Bool { !closing.isEmpty }
    package var hasReturns: Bool { !returning.isEmpty }

    /// The ledger has taken them back.
    package mutating func closed(_ uses: [SliceReport.Use]) {
        for use in uses { closing[use.slice] = nil }
    }

    /// What nobody has used for so long is of more use elsewhere.
    static let idleTime: Nanoseconds = 10 * .nanosecondsPerSecond
}
