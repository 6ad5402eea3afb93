/// What time brings about.
extension Ledger {
    /// Reads the wall clock, before anything is judged by it. Returns what has to be said of it.
    package mutating func observe(wall: WallTime, at now: Instant) -> LedgerTime.News? {
        time.observe(wall: wall, at: now, ratePPM: state.view.settings.clockRatePPM)
        time.settleJump(at: now, bound: presence.bound)
        return time.news()
    }

    /// What the ledger stamps its own events with.
    package func stamp(at now: Instant) -> WallTime {
        isTimeStaged ? time.wall(at: now) : time.reading(at: now).continued
    }

    /// An event of the ledger's own that lets the log carry the time, when something has expired that it would let live
    /// again in a process that knows the log alone.
    package mutating func timeToNote(at now: Instant) -> EventKind? {
        guard halted == nil, awaited.isEmpty,
            expiryScan > 0 || now - timeNotedAt >= Limits.timeNoteMS * .nanosecondsPerMillisecond
        else { return nil }
        if expiryScan == 0 { timeNotedAt = now }
        let (known, by) = (next.greatestTime, time.reading(at: now).continued)
        let part = next.hasExpiry(after: known, by: by, ofGrantsBehind: expiryScan, most: Limits.grantsExpiringPerPart)
        expiryScan = part.next ?? 0
        return part.found ? .timeNoted : nil
    }

    /// Takes up what acknowledgements and time have settled. Returns the barriers that ended by it.
    package mutating func stepBarriers(at now: Instant) -> [Position] {
        let stepped = waiting
        waiting = []
        var ended: [Position] = []
        for position in stepped {
            if barriers[position]?.step(presence, at: now) == true { ended.append(position) }
            if barriers[position]?.state == .waiting { waiting.append(position) }
        }
        return ended.sorted()
    }

    /// When time alone would settle another node of some barrier; nil when none waits.
    package var nextFence: Instant? { waiting.compactMap { barriers[$0]?.nextFence }.min() }

    /// Forgets what is of no use any more. Returns the restrictions whose own time has passed, to be lifted.
    package mutating func housekeep(at now: Instant) -> [Digest] {
        presence.forget(before: now - 60 * .nanosecondsPerSecond)
        rates?.housekeep(at: now)
        if let imbalance = rates?.imbalance { halt("a rate's parts do not add up: \(imbalance)") }
        if barriers.count > Limits.barriers {
            let old = barriers.values.filter { $0.state != .waiting }.map(\.position).sorted().dropLast(
                Limits.barriers / 2)
            for position in old { barriers[position] = nil }
        }
        guard halted == nil, awaited.isEmpty, room.admits(.lifted) else { return [] }
        return Array(next.expired(at: time.reading(at: now).earliest).prefix(Limits.liftedAtOnce))
    }
}
