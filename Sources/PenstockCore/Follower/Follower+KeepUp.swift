/// What is kept up in every phase until the node ends, and what of it a person has to hear.
extension Follower {
    mutating func keepUp(at now: Instant) {
        guard phase != .ending else { return }
        if now >= due.subscribe {
            due.subscribe = now + 500 * .nanosecondsPerMillisecond
            pending.after.append(.subscribe)
        }
        if now >= due.journal {
            due.journal = now + .nanosecondsPerSecond
            pending.after.append(.measureJournal)
        }
    }

    /// Said once as the journal comes near its end, and once as it has room again: a full one denies every call.
    mutating func measured(journalIsLow isLow: Bool) {
        guard isLow != isJournalLow else { return }
        isJournalLow = isLow
        pending.after.append(.report(isLow ? .journalIsLow : .journalHasRoom))
    }
}
