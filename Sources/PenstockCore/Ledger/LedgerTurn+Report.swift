/// What the shell reports of its clocks, its store and its own end.
extension LedgerTurn {
    /// The wall clock, before anything is judged by it. Returns what has to be said of it.
    package mutating func observe(wall: WallTime, at now: Instant) -> LedgerTime.News? {
        ledger.observe(wall: wall, at: now)
    }

    /// What the store can take, before each turn; see `Ledger.storeTakes`.
    package mutating func storeTakes(_ room: StoreRoom, isProven: Bool, at now: Instant) -> [Effect] {
        refuseParked(ledger.storeTakes(room, isProven: isProven, at: now))
        defer { effects = [] }
        return effects
    }

    /// The log contradicts itself, or another process has written it.
    package mutating func halt(_ why: String) { ledger.halt(why) }

    /// The process ends: whoever waits for a barrier hears how far it has come.
    package mutating func close() -> [Effect] {
        defer { waiters = [] }
        return waiters.compactMap { waiter in
            ledger.barriers[waiter.position].map { .answer(waiter.asker, .barrier($0)) }
        }
    }
}
