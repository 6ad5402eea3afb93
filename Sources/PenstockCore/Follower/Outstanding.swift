/// Requests that an answer is awaited for, by their id.
///
/// What must not be lost is sent again, with the same content, until the ledger has taken or judged it: every such
/// request is idempotent. The rest is forgotten after a second of silence, and asked anew if it is still wanted.
///
/// Each copy of a request has an id of its own. What brings something settles the request, whichever copy it answers;
/// what brings nothing does so only where it answers the last copy: the ledger takes copies in order, and could still
/// do what a later one asks for, with nobody here to hear of it.
package struct Outstanding<Purpose: Sendable, Message: Sendable>: Sendable {
    private struct Waiting: Sendable {
        var purpose: Purpose
        /// What is sent again; nil for what is not.
        var message: Message?
        /// When it is sent again, or forgotten.
        var due: Instant
        /// The id of the last copy.
        var id: UInt64
    }

    /// By the request's number: an id without the copy's.
    private var waiting: [UInt64: Waiting] = [:]
    private var nextNumber: UInt64 = 1
    /// Nothing is due before.
    private var firstDue: Instant = .max

    package init() {}

    package var count: Int { waiting.count }

    /// Returns the id to send it under.
    ///
    /// - Parameter message: what is sent until it is settled; nil if it may get lost.
    package mutating func add(_ purpose: Purpose, again message: Message?, at now: Instant) -> UInt64 {
        let id = nextNumber << Self.copyBits
        waiting[nextNumber] = Waiting(purpose: purpose, message: message, due: now + Self.patience, id: id)
        firstDue = min(firstDue, now + Self.patience)
        nextNumber += 1
        return id
    }

    /// What an answer is to, which settles it; nil when it was settled or forgotten before.
    package mutating func take(_ id: UInt64) -> Purpose? { waiting.removeValue(forKey: id >> Self.copyBits)?.purpose }

    /// What an answer that brings nothing is to, which settles it; nil also when a later copy is under way.
    package mutating func takeIfLastCopy(_ id: UInt64) -> Purpose? {
        waiting[id >> Self.copyBits]?.id == id ? take(id) : nil
    }

    /// What a refusal is of; nil as above. What is sent again stays, unless the refusal is final.
    package mutating func refused(_ id: UInt64, _ refusal: Refusal, at now: Instant) -> (purpose: Purpose, stays: Bool)?
    {
        let number = id >> Self.copyBits
        guard let request = waiting[number], request.id == id else { return nil }
        guard request.message != nil, !refusal.isFinal else { return takeIfLastCopy(id).map { ($0, false) } }
        let due =
            now
            + (refusal.retryAfterMS == 0
                ? Self.patience : Nanoseconds(refusal.retryAfterMS) * .nanosecondsPerMillisecond)
        waiting[number]!.due = due
        firstDue = min(firstDue, due)
        return (request.purpose, true)
    }

    package func contains(where matches: (Purpose) -> Bool) -> Bool {
        // By index: an iterator would copy each.
        waiting.values.indices.contains { matches(waiting.values[$0].purpose) }
    }

    /// Copies to send again now. The rest that was not answered is forgotten.
    package mutating func overdue(at now: Instant) -> [(id: UInt64, message: Message)] {
        guard firstDue < now else { return [] }
        var again: [(id: UInt64, message: Message)] = []
        for (number, request) in waiting.sorted(by: { $0.key < $1.key }) where request.due < now {
            guard let message = request.message else {
                waiting[number] = nil
                continue
            }
            let id = number << Self.copyBits | (request.id &+ 1) & (1 << Self.copyBits - 1)
            (waiting[number]!.id, waiting[number]!.due) = (id, now + Self.patience)
            again.append((id, message))
        }
        firstDue = waiting.values.reduce(.max) { min($0, $1.due) }
        return again
    }

    /// How long an answer is waited for.
    private static var patience: Nanoseconds { .nanosecondsPerSecond }
    private static var copyBits: UInt64 { 16 }
}
