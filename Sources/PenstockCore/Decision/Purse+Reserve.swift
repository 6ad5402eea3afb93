/// Asking the ledger for slices: of all units that a grant lacks at once.
extension Purse {
    /// A request for slices; `requestID` makes it idempotent.
    package struct Reserve: Sendable, Equatable {
        /// Whose accounts the parts name.
        package var shard: Int32
        package var grant: Int32
        package var parts: [Part]
        package var requestID: Incarnation
        var roomVersion: UInt64

        package struct Part: Sendable, Equatable {
            package var account: Int32
            package var need: Int64
            package var want: Int64
            /// What the call that lacked most wanted in all.
            package var amount: Int64

            package init(account: Int32, need: Int64, want: Int64, amount: Int64) {
                (self.account, self.need, self.want, self.amount) = (account, need, want, amount)
            }

            /// Whether a refusal of this is one of a call that lacks `shortfall` beyond `available`, too. Both of what
            /// was refused count: what the account has given back since lies at the ledger, and what came back to it
            /// does not.
            package func covers(shortfall: Int64, available: Int64) -> Bool {
                need <= shortfall && amount <= shortfall + available
            }
        }
    }

    /// A slice that came.
    package struct Granted: Sendable, Equatable {
        package var slice: Position
        package var unit: String
        package var amount: Int64
        /// By the ledger's wall clock; 0 for never.
        package var endsAt: WallTime

        package init(slice: Position, unit: String, amount: Int64, endsAt: WallTime = 0) {
            self.slice = slice
            self.unit = unit
            self.amount = amount
            self.endsAt = endsAt
        }
    }

    /// A call lacks `shortfall`: the next request must bring at least that.
    package mutating func lack(_ shortfall: Int64, _ index: Int32) {
        let account = Int(index)
        accounts[account].need = max(accounts[account].need, shortfall)
        accounts[account].refillRefused = false
        enqueue(index)
    }

    package var wantsReserve: Bool { queueStart < queue.count }

    /// The next request to send, or nil. `requestID` must be fresh.
    package mutating func nextReserve(at now: Instant, requestID: @autoclosure () -> Incarnation) -> Reserve? {
        while wantsReserve {
            let index = queue[queueStart]
            queueStart += 1
            if queueStart * 2 >= queue.count {
                queue.removeFirst(queueStart)
                queueStart = 0
            }
            // Its grant's request took it along.
            guard accounts[Int(index)].queued else { continue }
            let grant = accounts[Int(index)].grant
            let parts = accounts(ofGrant: Int(grant)).filter { accounts[Int($0)].queued }.map { part($0, at: now) }
            let reserve = Reserve(
                shard: shard, grant: grant, parts: parts, requestID: requestID(), roomVersion: roomVersion)
            requests[grant] = reserve
            return reserve
        }
        return nil
    }

    /// Slow start, then by demand: a slice that lasted less than some seconds is followed by one of twice its size, one
    /// that lasted long by one of half.
    private mutating func part(_ index: Int32, at now: Instant) -> Reserve.Part {
        let account = Int(index)
        let (need, last, lasted) = (accounts[account].need, accounts[account].want, now - accounts[account].askedAt)
        let next = lasted < Self.shortLife ? last * 2 : lasted > Self.longLife ? last / 2 : last
        let want = min(max(need * 8, next, 1), Limits.amount)
        (accounts[account].queued, accounts[account].need, accounts[account].askedAt) = (false, 0, now)
        accounts[account].hasMoreThanLedgerKnew =
            hasUnclosed || accounts[account].slices.contains { $0.returned != $0.reported.returned }
        return Reserve.Part(
            account: index, need: need, want: max(need, want), amount: need + accounts[account].available)
    }

    /// Whether a request is under way: nobody waits for the answer to another one.
    func awaits(_ reserve: Reserve) -> Bool { requests[reserve.grant]?.requestID == reserve.requestID }

    /// The answer to a request. What was in neither list is asked for again as soon as a call lacks it. Returns whether
    /// it was awaited; the same answer twice changes nothing.
    package mutating func answered(_ reserve: Reserve, granted: [Granted], refused: [String]) -> Bool {
        guard awaits(reserve) else { return false }
        requests[reserve.grant] = nil
        for part in reserve.parts {
            let account = Int(part.account)
            if let slice = granted.first(where: { $0.unit == accounts[account].unit }) {
                accounts[account].want = slice.amount
                accounts[account].idleSince = accounts[account].askedAt
                accounts[account].slices =
                    accounts[account].slices.filter { !$0.isDone }
                    + [
                        HeldSlice(
                            id: slice.slice, amount: slice.amount, endsAt: slice.endsAt == 0 ? .max : slice.endsAt)
                    ]
                accounts[account].refresh()
            } else if part.need == 0, refused.contains(accounts[account].unit) {
                accounts[account].refillRefused = true
            }
            if accounts[account].need > 0 { enqueue(part.account) }
        }
        return true
    }

    // MARK: What is not asked for again

    /// The ledger has refused a part of a request for good, and nothing but an event that makes room can change that.
    mutating func exhaust(_ lack: Follower.Lack, of reserve: Reserve, at now: Instant) {
        // The ledger may have judged before what made room since the request was sent.
        guard reserve.roomVersion == roomVersion else { return }
        exhausted[lack.part.account] = (lack.part, now + Self.exhaustedTime, lack.reason, .some(lack.shortage))
    }

    /// The limit that a call would meet; nil where it is worth asking.
    func isExhausted(_ account: Int32, shortfall: Int64, at now: Instant) -> (reason: Reason, shortage: ShortageBox)? {
        guard let (part, until, reason, shortage) = exhausted[account], now < until else { return nil }
        return part.covers(shortfall: shortfall, available: available(account)) ? (reason, shortage) : nil
    }

    /// A ceiling was set or a debt accepted, whosever it is.
    mutating func makeRoom() {
        roomVersion += 1
        exhausted = [:]
    }

    /// Should anything else make room: an agent that goes on asking costs the ledger no more than a message in so long.
    static let exhaustedTime: Nanoseconds = 2 * .nanosecondsPerSecond
    static let shortLife: Nanoseconds = 4 * .nanosecondsPerSecond
    static let longLife: Nanoseconds = 16 * .nanosecondsPerSecond
}
