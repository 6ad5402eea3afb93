/// Handing out slices: at once, or when what others hold comes back.
extension Ledger {
    /// A request that waits, since others may give back what it lacks.
    struct WaitingReserve: Sendable {
        var request: SliceRequest
        var node: String
        var deadline: Instant
        /// Its holders were asked to give back at this time last.
        var recalledAt: Instant = .min / 2
    }

    /// Whether a request may be made at all. Asked before anything is made of it, by whoever opens windows for it as
    /// well.
    package func check(_ request: SliceRequest, from sender: NodeKeys) throws(Refusal) {
        try checkServing()
        guard sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer holds slices") }
        try admit(request.incarnation, from: sender)
        guard (1...Limits.grantListCount).contains(request.parts.count),
            Set(request.parts.map(\.unit)).count == request.parts.count
        else {
            throw Refusal(.invalid, "a request names 1 to \(Limits.grantListCount) units, each once")
        }
        try checkRoom(for: .sliceReserved)
    }

    /// A slice stays on the books until its holder, or who succeeds it, gives it back: only who has a lease gets one,
    /// and a node leaves a bounded number of holders behind.
    private func checkHolder(_ incarnation: Incarnation, of node: String, at now: Instant) throws(Refusal) {
        guard presence.isLive(incarnation, at: now) else {
            throw Refusal(.busy, "the incarnation has no lease; it must echo first", retryAfterMS: 100)
        }
        guard next.book.openSlices(of: incarnation) < Limits.openSlices else {
            throw Refusal(.full, "the incarnation has \(Limits.openSlices) slices open, the limit", retryAfterMS: 1000)
        }
        guard !next.book.isOpen(incarnation) else { return }
        guard next.owners.incarnations(of: node).count(where: next.book.isOpen) < Limits.openPerNode else {
            throw Refusal(
                .full,
                """
                \(Limits.openPerNode) incarnations of '\(node)' have slices or debts open, the limit; an operator must \
                reclaim what they left
                """,
                retryAfterMS: 1000)
        }
    }

    /// Slices for an enforcer; nil when the request waits, and `nextServed` answers it. A refusal is of all of it.
    package mutating func reserve(_ request: SliceRequest, from sender: NodeKeys, at now: Instant) throws(Refusal)
        -> SliceAnswer?
    {
        try check(request, from: sender)
        let before = next.book.slices(forRequest: request.requestID)
        if !before.isEmpty {
            guard before[0].slice.node == sender.name else {
                throw Refusal(.notPermitted, "the request id belongs to another node")
            }
            return SliceAnswer(slices: before.map(\.slice), positions: before.map(\.position))
        }
        // What it was granted before, it must hear of: to give it back.
        guard presence.presences[request.incarnation]?.ended != true else { throw Self.ended }
        try checkHolder(request.incarnation, of: sender.name, at: now)
        guard !reserves.contains(where: { $0.request.requestID == request.requestID }) else { return nil }
        var answer = try answer(
            request, node: sender.name, behind: reserves.reduce(into: []) { $0.formUnion(tight($1.request)) }, at: now)
        guard answer.slices.isEmpty else { return answer }
        if hasRoomToWait(sender.name), isWorthWaiting(request, answer, at: now) {
            reserves.append(WaitingReserve(request: request, node: sender.name, deadline: now + Self.patience))
            return nil
        }
        answer = try self.answer(request, node: sender.name, behind: [], at: now)
        return answer
    }

    /// The next waiting request that can be answered now, the oldest first; call again until nil. A stopped ledger
    /// has none.
    package mutating func nextServed(at now: Instant) -> (request: SliceRequest, answer: Result<SliceAnswer, Refusal>)?
    {
        guard let first = reserves.first, halted == nil, awaited.isEmpty, room.admits(.sliceReserved) else {
            return nil
        }
        guard returnsSeen != next.book.returns || now >= first.deadline else { return nil }
        var behind: Set<BudgetKey> = []
        for index in reserves.indices {
            let next = reserves[index]
            let isOver = now >= next.deadline
            do throws(Refusal) {
                var answer = try answer(next.request, node: next.node, behind: isOver ? [] : behind, at: now)
                if !isOver, answer.slices.isEmpty {
                    guard !isWorthWaiting(next.request, answer, at: now) else {
                        behind.formUnion(tight(next.request))
                        continue
                    }
                    // Whoever is not worth a wait is not told no for the sake of those who wait.
                    answer = try self.answer(next.request, node: next.node, behind: [], at: now)
                }
                reserves.remove(at: index)
                return (next.request, .success(answer))
            } catch {
                reserves.remove(at: index)
                return (next.request, .failure(error))
            }
        }
        returnsSeen = next.book.returns
        return nil
    }

    /// When the first waiting request must be answered, whatever has come back.
    package var nextDeadline: Instant? { reserves.first?.deadline }

    package static let ended = Refusal(.retired, "the incarnation has said that it ends")

    /// How long a request waits for what others hold: a few round trips and their commits.
    package static let patience: Nanoseconds = 800 * .nanosecondsPerMillisecond
    /// What is called back is here by then, if its node can be reached; what calls hold comes when they end.
    static let recallTimeMS: Int64 = 200
}
