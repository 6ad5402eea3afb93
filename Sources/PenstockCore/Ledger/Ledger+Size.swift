/// What a request for slices comes to, as the budgets stand.
extension Ledger {
    // The budget that a level names was made before what draws on it, and is never forgotten.
    private func entry(_ level: BudgetKey) -> BudgetEntry { next.book.entries[level]! }

    func answer(_ request: SliceRequest, node: String, behind: Set<BudgetKey>, at now: Instant) throws(Refusal)
        -> SliceAnswer
    {
        guard !next.retired.contains(request.incarnation) else {
            throw Refusal(.retired, "a successor has closed this incarnation's slices; restart the node")
        }
        guard let grant = next.view.index(ofGrant: request.grantID) else {
            throw Refusal(.notFound, "no grant \(request.grantID)")
        }
        guard !next.view.marks(onGrant: grant).contains(.revoked) else {
            throw Refusal(.revoked, "grant \(request.grantID) is revoked")
        }
        var answer = SliceAnswer()
        guard !next.view.marks(onGrant: grant).contains(.frozen) else {
            answer.refused = request.parts.map { SliceAnswer.Refused($0.unit, .budgetFrozen) }
            return answer
        }
        for part in request.parts {
            let levels = next.view.levels(ofGrant: grant, unit: part.unit)
            guard levels.allSatisfy({ next.book.entries[$0]?.current != nil }) else {
                throw Refusal(.busy, "a budget's window is not open", retryAfterMS: 1000)
            }
            var sizing = next.book.size(
                levels: levels, need: part.need, want: part.want, holder: request.incarnation, grant: request.grantID,
                unit: part.unit)
            // What came back is for whoever has waited longest.
            if case .grant = sizing, !behind.isDisjoint(with: levels) { sizing = .heldElsewhere }
            switch sizing {
            case .grant(let amount):
                let ends = levels.map { entry($0).current?.end ?? .max }.min() ?? .max
                answer.slices.append(
                    Slice(
                        grantID: request.grantID, unit: part.unit, amount: amount, node: node,
                        incarnation: request.incarnation, requestID: request.requestID,
                        endsAt: ends == .max ? 0 : ends))
            case .exhausted: answer.refused.append(refused(part, .budgetExhausted, levels, request, at: now))
            case .heldElsewhere: answer.refused.append(refused(part, .budgetHeldElsewhere, levels, request, at: now))
            case .frozen:
                var refused = SliceAnswer.Refused(part.unit, .budgetFrozen)
                refused.budget = levels.first { entry($0).isFrozen }?.written ?? ""
                answer.refused.append(refused)
            case .closed:
                var refused = SliceAnswer.Refused(part.unit, .budgetClosed)
                refused.budget = levels.first { entry($0).isClosed }?.written ?? ""
                answer.refused.append(refused)
            case .invalid: throw Refusal(.invalid, "\(part.unit) of grant \(request.grantID)")
            }
        }
        // What may come back is worth a request of its own that waits for it, once the rest is answered.
        if !answer.slices.isEmpty || answer.refused.contains(where: { $0.code != .budgetHeldElsewhere }) {
            answer.refused.removeAll { lacking in
                lacking.code == .budgetHeldElsewhere
                    && request.parts.contains { $0.unit == lacking.unit && $0.need > 0 }
            }
        }
        return answer
    }

    func refused(
        _ part: SliceRequest.Part, _ code: Refusal.Code, _ levels: [BudgetKey], _ request: SliceRequest, at now: Instant
    ) -> SliceAnswer.Refused {
        var refused = next.book.shortage(
            of: part.unit, levels: levels, need: part.need, holder: request.incarnation, code: code)
        switch code {
        case .budgetHeldElsewhere: refused.retryAfterMS = Self.recallTimeMS
        default:
            // The next window brings all of a ceiling, or the part that a rolling one leaves behind.
            let ends = levels.compactMap { entry($0).current?.end }.filter { $0 != .max }
            let wall = time.windowTime(at: now, bound: presence.bound)
            if let end = ends.max(),
                levels.allSatisfy({
                    entry($0).room >= max(part.need, 1) || entry($0).window != .none
                })
            {
                refused.retryAfterMS = max(1, end - wall)
            }
        }
        return refused
    }

    /// Budgets that have less than a request needs.
    func tight(_ request: SliceRequest) -> Set<BudgetKey> {
        Set(
            request.parts.filter { $0.need > 0 }.flatMap { part in
                next.levels(request.grantID, part.unit).filter { entry($0).room < part.need }
            })
    }

    /// Budgets of which only too much is out: what the asker itself has spent and not told counts, too.
    func capped(_ request: SliceRequest) -> Set<BudgetKey> {
        Set(
            request.parts.filter { $0.need > 0 }.flatMap { part in
                next.levels(request.grantID, part.unit).filter { level in
                    guard let entry = next.book.entries[level] else { return false }
                    return entry.room < part.need && part.need <= min(entry.unallocated, entry.maxOut)
                }
            })
    }

    func hasRoomToWait(_ node: String) -> Bool {
        reserves.count < Limits.reservesWaiting && reserves.count { $0.node == node } < Limits.reservesWaitingPerNode
    }

    /// Only what a node that lives can give back is worth a wait, and only by a call.
    func isWorthWaiting(_ request: SliceRequest, _ answer: SliceAnswer, at now: Instant) -> Bool {
        guard answer.refused.allSatisfy({ $0.code == .budgetHeldElsewhere }) else { return false }
        let levels = Set(request.parts.filter { $0.need > 0 }.flatMap { next.levels(request.grantID, $0.unit) })
        let isCapped = !capped(request).isEmpty
        return next.book.holders(of: levels).contains { holder in
            let isOwn = holder.incarnation == request.incarnation && holder.grantID == request.grantID
            return presence.isLive(holder.incarnation, at: now) && (isCapped || !isOwn)
        }
    }
}
