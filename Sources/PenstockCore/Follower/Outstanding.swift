/// Requests that an answer is awaited for, by their id.
///
/// What must not be lost is sent again, with the same bytes, until it is answered: every such request is idempotent.
/// The rest is forgotten after a second of silence, and asked anew if it is still wanted.
package struct Outstanding<Purpose: Sendable>: Sendable {
    private struct Waiting: Sendable {
        var purpose: Purpose
        var sentAt: Instant
        var retries: Bool
    }

    private var waiting: [UInt64: Waiting] = [:]
    private var nextID: UInt64 = 1
    /// Nothing was sent before.
    private var oldest: Instant = .max

    package init() {}

    package var count: Int { waiting.count }

    /// Returns the id to send it under.
    package mutating func add(_ purpose: Purpose, retries: Bool, at now: Instant) -> UInt64 {
        defer { nextID += 1 }
        waiting[nextID] = Waiting(purpose: purpose, sentAt: now, retries: retries)
        oldest = min(oldest, now)
        return nextID
    }

    /// What an answer is to; nil when it was answered or forgotten before.
    package mutating func take(_ id: UInt64) -> Purpose? { waiting.removeValue(forKey: id)?.purpose }

    package func contains(where matches: (Purpose) -> Bool) -> Bool {
        // By index: an iterator would copy each.
        waiting.values.indices.contains { matches(waiting.values[$0].purpose) }
    }

    /// Ids to send again now, and ids that were forgotten.
    package mutating func overdue(at now: Instant) -> (again: [UInt64], forgotten: [UInt64]) {
        guard oldest < now - .nanosecondsPerSecond else { return ([], []) }
        var again: [UInt64] = []
        var forgotten: [UInt64] = []
        for (id, request) in waiting where now - request.sentAt > .nanosecondsPerSecond {
            if request.retries { again.append(id) } else { forgotten.append(id) }
        }
        for id in again { waiting[id]!.sentAt = now }
        for id in forgotten { waiting[id] = nil }
        oldest = waiting.values.reduce(.max) { min($0, $1.sentAt) }
        return (again.sorted(), forgotten)
    }
}
