/// Shares each turn of the ledger between its members: what is taken up now, what waits, and what is told `busy`.
///
/// Each lane has a queue for each member, bounded, and work for each turn, bounded. Members take turns within a lane by
/// deficit round robin (Shreedhar and Varghese, 1995), so that the one who asks for more waits behind nobody but
/// itself, and a member below its share is never refused because of another. Accounts are by member, however many
/// connections it has.
package struct TurnShares<Work: Sendable>: Sendable {
    private struct Waiting: Sendable {
        var work: Work
        var cost: Int64
    }

    private struct Queue: Sendable {
        var waiting: [Waiting] = []
        /// Work that the member may still do in this round.
        var credit: Int64 = 0
    }

    private struct LaneQueues: Sendable {
        var queues: [String: Queue] = [:]
        /// Members that wait, the next one first.
        var order: [String] = []
        /// The first of `order` has had its credit for this round.
        var isCredited = false
    }

    private var lanes = [LaneQueues](repeating: LaneQueues(), count: Lane.allCases.count)
    private var replies: [String: ReplyDebt] = [:]

    /// Bytes that were sent to a member and are not paid off by time.
    private struct ReplyDebt: Sendable {
        var bytes: Int64
        var at: Instant
    }

    package init() {}

    /// Queues a request. False when too many of this member wait in its lane: it is told `busy`.
    package mutating func offer(_ work: Work, of member: String, in lane: Lane, cost: Int64) -> Bool {
        let index = lane.rawValue
        let count = lanes[index].queues[member]?.waiting.count ?? 0
        guard count < lane.mostWaiting else { return false }
        if count == 0 { lanes[index].order.append(member) }
        lanes[index].queues[member, default: Queue()].waiting.append(Waiting(work: work, cost: cost))
        return true
    }

    /// What this turn takes up of a lane. Called once a turn for each lane.
    package mutating func take(_ lane: Lane, at now: Instant) -> [Work] {
        var taken: [Work] = []
        var left = lane.workPerTurn
        let index = lane.rawValue
        // Members that must first be paid off; when only such wait, the lane is done.
        var passed = 0
        while left > 0, passed < lanes[index].order.count, let member = lanes[index].order.first {
            guard lane != .query || owed(by: member, at: now) <= Limits.replyBurstBytes else {
                passed += 1
                rotate(index)
                continue
            }
            passed = 0
            var queue = lanes[index].queues[member]!
            if !lanes[index].isCredited {
                queue.credit += Self.quantum
                lanes[index].isCredited = true
            }
            var count = 0
            while left > 0, count < queue.waiting.count, queue.waiting[count].cost <= queue.credit {
                queue.credit -= queue.waiting[count].cost
                left -= queue.waiting[count].cost
                taken.append(queue.waiting[count].work)
                count += 1
            }
            queue.waiting.removeFirst(count)
            if queue.waiting.isEmpty {
                lanes[index].queues[member] = nil
                lanes[index].order.removeFirst()
                lanes[index].isCredited = false
            } else {
                lanes[index].queues[member] = queue
                // Where the turn's work has run out, the next turn goes on with the same member.
                if queue.waiting[0].cost > queue.credit { rotate(index) }
            }
        }
        return taken
    }

    private mutating func rotate(_ index: Int) {
        lanes[index].order.append(lanes[index].order.removeFirst())
        lanes[index].isCredited = false
    }

    /// The requests of a kind that may take a page have a credit of one page a round.
    static var quantum: Int64 { TurnCost.page }

    // MARK: Replies

    /// A reply to a query lies in memory until its reader takes it: who asks faster than `Limits.replyBytesPerSecond`
    /// waits.
    package mutating func replied(_ bytes: Int, to member: String, at now: Instant) {
        replies[member] = ReplyDebt(bytes: owed(by: member, at: now) + Int64(bytes), at: now)
    }

    private func owed(by member: String, at now: Instant) -> Int64 {
        guard let debt = replies[member] else { return 0 }
        let milliseconds = min((now - debt.at) / .nanosecondsPerMillisecond, 1_000_000)
        return max(0, debt.bytes - milliseconds * Limits.replyBytesPerSecond / 1000)
    }

    /// When something that waits can be taken up; nil when nothing waits.
    package func nextDue(at now: Instant) -> Instant? {
        for lane in Lane.allCases where lane != .query && !lanes[lane.rawValue].order.isEmpty { return now }
        return lanes[Lane.query.rawValue].order.map { member in
            let over = owed(by: member, at: now) - Limits.replyBurstBytes
            return over <= 0 ? now : now + (over * 1000 / Limits.replyBytesPerSecond + 1) * .nanosecondsPerMillisecond
        }.min()
    }

    /// Forgets what members have paid off.
    package mutating func housekeep(at now: Instant) {
        for member in replies.keys where owed(by: member, at: now) == 0 { replies[member] = nil }
    }
}
