internal import PenstockCore
package import PenstockGatekeeper

/// Whether the grant is live: what needs no decision of its own waits for that, in both directions and in its order.
/// One question is under way at a time, and speaks for all that came before it was asked.
extension GatewaySession {
    mutating func ask() -> [Action] {
        guard asked == nil, isPulseDue || !waiting.isEmpty || !arrived.isEmpty else { return [] }
        isPulseDue = false
        asked = (nextTicket, arrived.count, lastDelivery, standings)
        return [.standing(mapping.standing)]
    }

    /// Asks about what is under way: a grant may end while nobody says anything.
    package mutating func pulse() -> [Action] {
        if !tasks.isEmpty || entries.values.contains(where: \.isUnderWay) { isPulseDue = true }
        return ask()
    }

    /// - Parameter askedAt: the caller's monotonic clock, in milliseconds, before it asked.
    package mutating func stands(_ standing: Preview, askedAt: Int64) -> [Action] {
        guard let asked else { return [] }
        self.asked = nil
        // Somebody was restricted since.
        guard asked.standings == standings || !Self.isLive(standing.reason) else { return ask() }
        var actions: [Action] = []
        let lines = arrived.prefix(asked.lines)
        arrived.removeFirst(lines.count)
        arrivedBytes -= lines.reduce(0) { $0 + $1.line.count }
        let covered = waiting.prefix { $0 <= asked.ticket }
        if Self.isLive(standing.reason) {
            waiting.removeFirst(covered.count)
            let pass = Pass(
                permit: nil, usableUntil: askedAt + standing.validForMS, askedAt: askedAt, standings: standings)
            (live, refused) = (pass, nil)
            for ticket in covered { actions += queue(ticket, pass) }
            for line in lines { actions += deliver(line) }
        } else {
            let denial = Decision(reason: standing.reason, detail: standing.detail)
            live = nil
            refused = (denial, asked.delivery, (refused?.times ?? 0) + 1)
            for ticket in covered {
                if let entry = end(ticket) { actions += deny(entry, denial) }
            }
            for line in lines { actions += withhold(line, denial) }
            if Self.isOver(standing.reason) { actions += stopAll(standing.reason) + cancelTasks() }
        }
        return actions + queueReady() + ask()
    }

    /// What was allowed meanwhile, and overtakes nobody now.
    private mutating func queueReady() -> [Action] {
        let first = waiting.first ?? .max
        let due = ready.filter { $0 < first }.sorted()
        ready.removeAll { $0 < first }
        return due.flatMap { ticket -> [Action] in
            guard case .ready(let pass)? = entries[ticket]?.stage else { return [] }
            return queue(ticket, pass)
        }
    }

    private mutating func stopAll(_ reason: Reason) -> [Action] {
        entries.keys.sorted().flatMap { ticket -> [Action] in
            entries[ticket]?.isUnderWay == true ? stop(ticket, reason) : []
        }
    }

    /// The reasons that come after all that ends a grant: `Reason` is in the order of a decision's checks.
    private static func isLive(_ reason: Reason) -> Bool {
        switch reason {
        case .none, .actionNotAllowed, .resourceOutOfBounds, .amountOverLimit, .approvalRequired, .rateLimited,
            .unitNotBudgeted,
            .budgetExhausted, .budgetHeldElsewhere, .budgetPending, .budgetFrozen, .budgetClosed, .busy:
            true
        default: false
        }
    }

    /// Whether what runs must stop. A view that is not fresh says nothing of the grant.
    static func isOver(_ reason: Reason) -> Bool {
        switch reason {
        case .noView, .staleView, .unrecordable, .malformed: false
        default: true
        }
    }
}
