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

    /// A grant's unit of which an incarnation is asked to give back what is unspent.
    package struct Recall: Hashable, Sendable {
        package var incarnation: Incarnation
        package var grantID: String
        package var unit: String

        var grantHolder: GrantHolder { GrantHolder(incarnation: incarnation, grantID: grantID) }
    }

    struct GrantHolder: Hashable {
        var incarnation: Incarnation
        var grantID: String
    }

    /// Windows that must be opened before a request, or those that wait, can be answered: events of the ledger's own.
    ///
    /// - Parameter calendar: bounds of a calendar window, which need a time zone's rules.
    package func windowsDue(for request: SliceRequest? = nil, calendar: BudgetCalendar, at now: Instant) -> [EventKind] {
        let wall = time.windowTime(at: now, bound: presence.bound)
        let requests = request.map { [$0] } ?? reserves.map(\.request)
        var due: [WindowOpening] = []
        for key in Set(requests.flatMap { request in request.parts.flatMap { state.levels(request.grantID, $0.unit) } }) {
            // An operator who accepts a leap backwards opens no window twice.
            guard case .named(let name) = key, let entry = state.book.entries[key], entry.window != .none, wall >= entry.current?.end ?? .min else { continue }
            let bounds: (start: WallTime, end: WallTime)?
            if case .calendar(let period, let zone) = entry.window { bounds = calendar(period, zone, wall) } else { bounds = entry.window.bounds(at: wall) }
            guard let bounds, bounds.end > wall else { continue }
            due.append(WindowOpening(budget: name, number: (entry.current?.number ?? 0) + 1, start: max(bounds.start, entry.current?.end ?? .min), end: bounds.end))
        }
        return due.sorted { $0.budget < $1.budget }.map { .windowOpened($0) }
    }

    package typealias BudgetCalendar = (BudgetWindow.CalendarPeriod, _ zone: String, WallTime) -> (start: WallTime, end: WallTime)?

    /// Whether a request may be made at all. Asked before anything is made of it, by whoever opens windows for it as well.
    package func check(_ request: SliceRequest, from sender: NodeKeys) throws(Refusal) {
        try checkServing()
        guard sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer holds slices") }
        try admit(request.incarnation, from: sender)
        guard (1...Limits.grantListCount).contains(request.parts.count), Set(request.parts.map(\.unit)).count == request.parts.count else {
            throw Refusal(.invalid, "a request names 1 to \(Limits.grantListCount) units, each once")
        }
        try checkRoom(for: .sliceReserved)
    }

    /// A slice stays on the books until its holder, or who succeeds it, gives it back: only who has a lease gets one, and a
    /// node leaves a bounded number of holders behind.
    private func checkHolder(_ incarnation: Incarnation, of node: String, at now: Instant) throws(Refusal) {
        guard presence.isLive(incarnation, at: now) else { throw Refusal(.busy, "the incarnation has no lease; it must echo first", retryAfterMS: 100) }
        guard state.book.openSlices(of: incarnation) < Limits.openSlices else {
            throw Refusal(.full, "the incarnation has \(Limits.openSlices) slices open, the limit", retryAfterMS: 1000)
        }
        guard !state.book.isOpen(incarnation) else { return }
        guard state.owners.incarnations(of: node).count(where: state.book.isOpen) < Limits.openPerNode else {
            throw Refusal(
                .full, "\(Limits.openPerNode) incarnations of '\(node)' have slices or debts open, the limit; an operator must reclaim what they left",
                retryAfterMS: 1000)
        }
    }

    /// Slices for an enforcer; nil when the request waits, and `nextServed` answers it. A refusal is of all of it.
    package mutating func reserve(_ request: SliceRequest, from sender: NodeKeys, at now: Instant) throws(Refusal) -> SliceAnswer? {
        try check(request, from: sender)
        let before = state.book.slices(forRequest: request.requestID)
        if !before.isEmpty {
            guard before[0].slice.node == sender.name else { throw Refusal(.notPermitted, "the request id belongs to another node") }
            return SliceAnswer(slices: before.map(\.slice), positions: before.map(\.position))
        }
        // What it was granted before, it must hear of: to give it back.
        guard presence.presences[request.incarnation]?.ended != true else { throw Self.ended }
        try checkHolder(request.incarnation, of: sender.name, at: now)
        guard !reserves.contains(where: { $0.request.requestID == request.requestID }) else { return nil }
        var answer = try answer(request, node: sender.name, behind: reserves.reduce(into: []) { $0.formUnion(tight($1.request)) }, at: now)
        guard answer.slices.isEmpty else { return answer }
        if hasRoomToWait(sender.name), isWorthWaiting(request, answer, at: now) {
            reserves.append(WaitingReserve(request: request, node: sender.name, deadline: now + Self.patience))
            return nil
        }
        answer = try self.answer(request, node: sender.name, behind: [], at: now)
        return answer
    }

    /// The next waiting request that can be answered now, the oldest first; call again until nil. A stopped ledger has none.
    package mutating func nextServed(at now: Instant) -> (request: SliceRequest, answer: Result<SliceAnswer, Refusal>)? {
        guard let first = reserves.first, halted == nil, awaited.isEmpty, room.admits(.sliceReserved) else { return nil }
        guard returnsSeen != state.book.returns || now >= first.deadline else { return nil }
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
        returnsSeen = state.book.returns
        return nil
    }

    /// When the first waiting request must be answered, whatever has come back.
    package var nextDeadline: Instant? { reserves.first?.deadline }

    /// Whose unspent slices are wanted back now; those that were not given back are named again.
    package mutating func recalls(at now: Instant) -> Set<Recall> {
        var recalls: Set<Recall> = []
        // What an older request waits with is left to it, or two that want both of two units could wait for ever.
        var older: Set<GrantHolder> = []
        for index in reserves.indices {
            let request = reserves[index].request
            older.insert(GrantHolder(incarnation: request.incarnation, grantID: request.grantID))
            guard now - Self.recallInterval >= reserves[index].recalledAt else { continue }
            reserves[index].recalledAt = now
            let own = GrantHolder(incarnation: request.incarnation, grantID: request.grantID)
            recalls.formUnion(state.book.holders(of: tight(request)).filter { !older.contains($0.grantHolder) })
            recalls.formUnion(state.book.holders(of: capped(request)).filter { $0.grantHolder == own })
        }
        if now - Self.recallInterval >= pressedRecalledAt, !state.book.pressed.isEmpty {
            pressedRecalledAt = now
            recalls.formUnion(state.book.holders(of: state.book.pressed))
        }
        return recalls.filter { presence.isLive($0.incarnation, at: now) }
    }

    // MARK: Deciding

    private func answer(_ request: SliceRequest, node: String, behind: Set<BudgetKey>, at now: Instant) throws(Refusal) -> SliceAnswer {
        guard !state.retired.contains(request.incarnation) else { throw Refusal(.retired, "a successor has closed this incarnation's slices; restart the node") }
        guard let grant = state.view.index(ofGrant: request.grantID) else { throw Refusal(.notFound, "no grant \(request.grantID)") }
        guard !state.view.marks(onGrant: grant).contains(.revoked) else { throw Refusal(.revoked, "grant \(request.grantID) is revoked") }
        var answer = SliceAnswer()
        guard !state.view.marks(onGrant: grant).contains(.frozen) else {
            answer.refused = request.parts.map { SliceAnswer.Refused($0.unit, .budgetFrozen) }
            return answer
        }
        for part in request.parts {
            let levels = state.view.levels(ofGrant: grant, unit: part.unit)
            guard levels.allSatisfy({ state.book.entries[$0]?.current != nil }) else { throw Refusal(.busy, "a budget's window is not open", retryAfterMS: 1000) }
            var sizing = state.book.size(levels: levels, need: part.need, want: part.want, holder: request.incarnation, grant: request.grantID, unit: part.unit)
            // What came back is for whoever has waited longest.
            if case .grant = sizing, !behind.isDisjoint(with: levels) { sizing = .heldElsewhere }
            switch sizing {
            case .grant(let amount):
                let ends = levels.map { state.book.entries[$0]!.current!.end }.min()!
                answer.slices.append(Slice(
                    grantID: request.grantID, unit: part.unit, amount: amount, node: node, incarnation: request.incarnation, requestID: request.requestID,
                    endsAt: ends == .max ? 0 : ends))
            case .exhausted: answer.refused.append(refused(part, .budgetExhausted, levels, request, at: now))
            case .heldElsewhere: answer.refused.append(refused(part, .budgetHeldElsewhere, levels, request, at: now))
            case .frozen:
                var refused = SliceAnswer.Refused(part.unit, .budgetFrozen)
                refused.budget = levels.first { state.book.entries[$0]!.isFrozen }?.written ?? ""
                answer.refused.append(refused)
            case .closed:
                var refused = SliceAnswer.Refused(part.unit, .budgetClosed)
                refused.budget = levels.first { state.book.entries[$0]!.isClosed }?.written ?? ""
                answer.refused.append(refused)
            case .invalid: throw Refusal(.invalid, "\(part.unit) of grant \(request.grantID)")
            }
        }
        // What may come back is worth a request of its own that waits for it, once the rest is answered.
        if !answer.slices.isEmpty || answer.refused.contains(where: { $0.code != .budgetHeldElsewhere }) {
            answer.refused.removeAll { lacking in lacking.code == .budgetHeldElsewhere && request.parts.contains { $0.unit == lacking.unit && $0.need > 0 } }
        }
        return answer
    }

    private func refused(_ part: SliceRequest.Part, _ code: Refusal.Code, _ levels: [BudgetKey], _ request: SliceRequest, at now: Instant) -> SliceAnswer.Refused {
        var refused = state.book.shortage(of: part.unit, levels: levels, need: part.need, holder: request.incarnation, code: code)
        switch code {
        case .budgetHeldElsewhere: refused.retryAfterMS = Self.recallTimeMS
        default:
            // The next window brings all of a ceiling, or the part that a rolling one leaves behind.
            let ends = levels.compactMap { state.book.entries[$0]!.current?.end }.filter { $0 != .max }
            let wall = time.windowTime(at: now, bound: presence.bound)
            if let end = ends.max(), levels.allSatisfy({ state.book.entries[$0]!.room >= max(part.need, 1) || state.book.entries[$0]!.window != .none }) {
                refused.retryAfterMS = max(1, end - wall)
            }
        }
        return refused
    }

    /// Budgets that have less than a request needs.
    private func tight(_ request: SliceRequest) -> Set<BudgetKey> {
        Set(request.parts.filter { $0.need > 0 }.flatMap { part in
            state.levels(request.grantID, part.unit).filter { state.book.entries[$0]!.room < part.need }
        })
    }

    /// Budgets of which only too much is out: what the asker itself has spent and not told counts, too.
    private func capped(_ request: SliceRequest) -> Set<BudgetKey> {
        Set(request.parts.filter { $0.need > 0 }.flatMap { part in
            state.levels(request.grantID, part.unit).filter { level in
                guard let entry = state.book.entries[level] else { return false }
                return entry.room < part.need && part.need <= min(entry.unallocated, entry.maxOut)
            }
        })
    }

    private func hasRoomToWait(_ node: String) -> Bool {
        reserves.count < Limits.reservesWaiting && reserves.count { $0.node == node } < Limits.reservesWaitingPerNode
    }

    /// Only what a node that lives can give back is worth a wait, and only by a call.
    private func isWorthWaiting(_ request: SliceRequest, _ answer: SliceAnswer, at now: Instant) -> Bool {
        guard answer.refused.allSatisfy({ $0.code == .budgetHeldElsewhere }) else { return false }
        let levels = Set(request.parts.filter { $0.need > 0 }.flatMap { state.levels(request.grantID, $0.unit) })
        let isCapped = !capped(request).isEmpty
        return state.book.holders(of: levels).contains { holder in
            let isOwn = holder.incarnation == request.incarnation && holder.grantID == request.grantID
            return presence.isLive(holder.incarnation, at: now) && (isCapped || !isOwn)
        }
    }

    package static let ended = Refusal(.retired, "the incarnation has said that it ends")

    /// How long a request waits for what others hold: a few round trips and their commits.
    package static let patience: Nanoseconds = 800 * .nanosecondsPerMillisecond
    /// What is called back is here by then, if its node can be reached; what calls hold comes when they end.
    static let recallTimeMS: Int64 = 200
    static let recallInterval: Nanoseconds = 100 * .nanosecondsPerMillisecond
}
